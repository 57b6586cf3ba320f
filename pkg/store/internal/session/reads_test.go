package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/longshore-io/longshore/pkg/pgproxy"
	"github.com/longshore-io/longshore/pkg/store/internal/session"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestReads: reads see the database in UTC, whatever the pool talks to, and return the error of a
// statement.
func TestReads(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, pooler := range []bool{false, true} {
		reads := open(t, newDatabase(t), session.Options{Pooler: pooler}).Reads()
		var zone string
		if err := reads.QueryRow(ctx, "SELECT current_setting('timezone')").Scan(&zone); err != nil || zone != "UTC" {
			t.Errorf("pooler %t: time zone = %q (%v), want UTC", pooler, zone, err)
		}
		if err := reads.QueryRow(ctx, "SELECT 1 WHERE FALSE").Scan(&zone); !errors.Is(err, pgx.ErrNoRows) {
			t.Errorf("pooler %t: Scan() without a row = %v, want %v", pooler, err, pgx.ErrNoRows)
		}
		if err := reads.QueryRow(ctx, "SELEKT").Scan(&zone); err == nil {
			t.Errorf("pooler %t: a syntax error returned nil", pooler)
		}
	}
}

// TestSilentRead: the watchdog ends a read on a silent connection before its deadline.
func TestSilentRead(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	proxy := pgproxy.StartPostgres(t, newDatabase(t), 1)
	reads := open(t, proxy.URL(), session.Options{MaxConns: 1}).Reads()
	time.AfterFunc(testSilence/2, proxy.Silence)
	var n int
	started := time.Now()
	err := reads.QueryRow(ctx, "SELECT 1 FROM pg_sleep(0.5)").Scan(&n)
	if took := time.Since(started); err == nil || took > silenceLimit {
		t.Errorf("a silent read = %v after %s, want an error within %s", err, took, silenceLimit)
	}
	if err := reads.QueryRow(ctx, "SELECT 1").Scan(&n); err != nil {
		t.Errorf("the next read: %v", err)
	}
}

// BenchmarkStatement compares a small statement with the settings of a transaction, a read, and the
// same statement of a plain pool.
func BenchmarkStatement(b *testing.B) {
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	database := storetest.NewEmptyDatabase(b)
	pool, err := session.Open(ctx, database, session.Options{Application: "longshore-test", MaxConns: 2, FrozenAfter: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	plain, err := pgxpool.New(ctx, database)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(plain.Close)
	for _, bb := range []struct {
		name string
		row  func(ctx context.Context, sql string, args ...any) pgx.Row
	}{
		{"plain", plain.QueryRow},
		{"read", pool.Reads().QueryRow},
		{"settings", pool.QueryRow},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var n int
			for b.Loop() {
				if err := bb.row(ctx, "SELECT $1::int", 1).Scan(&n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
