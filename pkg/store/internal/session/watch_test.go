package session_test

import (
	"context"
	"errors"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/pgproxy"
	"github.com/longshore-io/longshore/pkg/store/internal/session"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// silenceLimit is the maximum time until a silent connection is noticed with testSilence, on a busy
// machine.
const silenceLimit = 10 * time.Second

func TestSilentConnectionIsClosed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		work func(ctx context.Context, pool *session.Pool, silence func()) error
	}{
		{"transaction", func(ctx context.Context, pool *session.Pool, silence func()) error {
			return pool.InTx(ctx, func(tx pgx.Tx) error {
				silence()
				_, err := tx.Exec(ctx, "SELECT 1")
				return err
			})
		}},
		{"commit", func(ctx context.Context, pool *session.Pool, silence func()) error {
			return pool.InTx(ctx, func(pgx.Tx) error { silence(); return nil })
		}},
		{"copy", func(ctx context.Context, pool *session.Pool, silence func()) error {
			return pool.InTx(ctx, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "CREATE TEMPORARY TABLE copied (n INT)"); err != nil {
					return err
				}
				silence()
				_, err := tx.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"n"}, pgx.CopyFromRows([][]any{{1}}))
				return err
			})
		}},
		{"running statement", func(ctx context.Context, pool *session.Pool, silence func()) error {
			time.AfterFunc(testSilence/2, silence)
			_, err := pool.Exec(ctx, "SELECT pg_sleep(0.5)") // its answer is lost
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			database := newDatabase(t)
			proxy := pgproxy.StartPostgres(t, database, 1)
			pool := open(t, proxy.URL(), session.Options{MaxConns: 2})
			started := time.Now()
			err := tt.work(t.Context(), pool, proxy.Silence)
			var network net.Error
			if took := time.Since(started); !errors.As(err, &network) || took > silenceLimit {
				t.Errorf("error = %v after %s, want a net.Error within %s", err, took, silenceLimit)
			}
			if _, err := pool.Exec(t.Context(), "SELECT 1"); err != nil {
				t.Errorf("the next statement: %v, want a new connection", err)
			}
			// Their locks would stop the next try.
			storetest.Await(t, storetest.Connect(t, database), `
SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%')`)
		})
	}
}

func TestLongStatementsGoOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, statement string
		unanswered      int // questions of the watchdog
	}{
		{"slow", "SELECT pg_sleep(2)", 0},
		{"slow, on a server that is slow to answer", "SELECT pg_sleep(2)", 1},
		{"waiting for a lock", "UPDATE locked SET n = 2", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			database := newDatabase(t)
			conn := storetest.Connect(t, database)
			if _, err := conn.Exec(t.Context(), "CREATE TABLE locked (n INT)"); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE locked"); err != nil {
				t.Fatal(err)
			}
			unlocked := make(chan struct{})
			time.AfterFunc(2*time.Second, func() {
				_, _ = conn.Exec(context.Background(), "COMMIT")
				close(unlocked)
			})
			defer func() { <-unlocked }()
			proxy := pgproxy.StartPostgres(t, database, 1)
			pool := open(t, proxy.URL(), session.Options{})
			if tt.unanswered > 0 {
				question := pgproxy.Fault{Statement: regexp.MustCompile("pg_stat_activity"), Action: pgproxy.Reset, Times: tt.unanswered}
				asked := proxy.Inject(question)
				defer func() {
					if asked.Hits() != tt.unanswered {
						t.Errorf("the watchdog got no answer %d times, want %d", asked.Hits(), tt.unanswered)
					}
				}()
			}
			err := pool.InTx(t.Context(), func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), tt.statement)
				return err
			})
			if err != nil {
				t.Errorf("%s = %v, want nil: it runs", tt.statement, err)
			}
		})
	}
}

// TestSilentIdleConnections: the connections that were idle at the fault cost one timeout, not
// one each.
func TestSilentIdleConnections(t *testing.T) {
	t.Parallel()
	proxy := pgproxy.StartPostgres(t, newDatabase(t), 1)
	pool := open(t, proxy.URL(), session.Options{MaxConns: 10})
	useAll(t, pool, 10)
	proxy.Silence()
	started := time.Now()
	if _, err := pool.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("a statement after the fault: %v", err)
	}
	if took := time.Since(started); took > silenceLimit {
		t.Errorf("a statement after the fault took %s, want at most %s", took, silenceLimit)
	}
}

// useAll opens n connections and leaves them idle for longer than a connection is used without a
// ping.
func useAll(t *testing.T, pool *session.Pool, n int) {
	t.Helper()
	results := make(chan error, n)
	for range n {
		go func() {
			_, err := pool.Exec(t.Context(), "SELECT pg_sleep(0.5)")
			results <- err
		}()
	}
	for range n {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
	<-time.After(1100 * time.Millisecond)
}

func TestCloseDoesNotWaitForASilentServer(t *testing.T) {
	t.Parallel()
	proxy := pgproxy.StartPostgres(t, newDatabase(t), 1)
	pool := open(t, proxy.URL(), session.Options{})
	ended, begun := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- pool.InTx(context.Background(), func(tx pgx.Tx) error {
			proxy.Silence()
			close(begun)
			_, err := tx.Exec(context.Background(), "SELECT pg_sleep(60)")
			return err
		})
	}()
	<-begun
	started := time.Now()
	pool.Close()
	if took := time.Since(started); took > silenceLimit {
		t.Errorf("Close took %s, want at most %s", took, silenceLimit)
	}
	if err := <-ended; err == nil {
		t.Error("the transaction succeeded, want an error")
	}
}
