package pgproxy_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/pgproxy"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// silenceLimit is how long the tests wait for an answer that must not come.
const silenceLimit = time.Second

// fixture is a database with the table t (n int), a direct connection and one through a proxy.
type fixture struct {
	proxy           *pgproxy.Postgres
	direct, through *pgx.Conn
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	database := storetest.NewEmptyDatabase(t)
	proxy := pgproxy.StartPostgres(t, database, 1)
	f := fixture{proxy, storetest.Connect(t, database), storetest.Connect(t, proxy.URL())}
	if _, err := f.direct.Exec(t.Context(), "CREATE TABLE t (n int)"); err != nil {
		t.Fatal(err)
	}
	return f
}

// insert inserts a row through the proxy, in a transaction.
func (f fixture) insert(ctx context.Context, n int) error {
	return pgx.BeginFunc(ctx, f.through, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO t VALUES ($1)", n)
		return err
	})
}

func (f fixture) wantRows(t *testing.T, want int) {
	t.Helper()
	var got int
	if err := f.direct.QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&got); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("the table has %d rows, want %d", got, want)
	}
}

func TestForwards(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	rows := pgx.CopyFromSlice(1000, func(i int) ([]any, error) { return []any{i}, nil })
	if _, err := f.through.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"n"}, rows); err != nil {
		t.Fatal(err)
	}
	f.wantRows(t, 1000)
	ctx, cancel := context.WithTimeout(t.Context(), silenceLimit)
	defer cancel()
	if _, err := f.through.Exec(ctx, "SELECT pg_sleep(60)"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Exec() = %v, want the end of the context", err)
	}
}

// TestFaultAtCommit: with every fault it is certain whether the transaction was committed.
func TestFaultAtCommit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault    pgproxy.Fault
		wantRows int
	}{
		"reset before the statement":   {pgproxy.Fault{Moment: pgproxy.BeforeStatement, Action: pgproxy.Reset}, 0},
		"reset before the answer":      {pgproxy.Fault{Moment: pgproxy.BeforeAnswer, Action: pgproxy.Reset}, 1},
		"silence before the statement": {pgproxy.Fault{Moment: pgproxy.BeforeStatement, Action: pgproxy.Silence}, 0},
		"silence before the answer":    {pgproxy.Fault{Moment: pgproxy.BeforeAnswer, Action: pgproxy.Silence}, 1},
		"error":                        {pgproxy.Fault{Action: pgproxy.Fail, SQLState: "40001"}, 0},
		"fatal error":                  {pgproxy.Fault{Action: pgproxy.Fail, SQLState: "57P01", Fatal: true}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			test.fault.Statement = pgproxy.Commit
			injected := f.proxy.Inject(test.fault)
			ctx, cancel := context.WithTimeout(t.Context(), silenceLimit)
			defer cancel()
			if err := f.insert(ctx, 1); err == nil {
				t.Error("the transaction returned no error")
			} else {
				wantCode(t, err, test.fault.SQLState)
			}
			if got := injected.Hits(); got != 1 {
				t.Errorf("Hits() = %d, want 1", got)
			}
			f.wantRows(t, test.wantRows)
		})
	}
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	if ok != (want != "") || ok && fromServer.Code != want {
		t.Errorf("got the error %v, want the SQLSTATE %q", err, want)
	}
}

// TestFail: the transaction is aborted, and the connection is usable afterwards.
func TestFail(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.proxy.Inject(pgproxy.Fault{
				Statement: regexp.MustCompile("INSERT"), Action: pgproxy.Fail, SQLState: "53100", Times: 1,
			})
			err := pgx.BeginFunc(t.Context(), f.through, func(tx pgx.Tx) error {
				var batch pgx.Batch
				batch.Queue("SELECT $1::int", 1)
				batch.Queue("INSERT INTO t VALUES ($1)", 1)
				batch.Queue("SELECT $1::int", 2)
				err := tx.SendBatch(t.Context(), &batch).Close()
				wantCode(t, err, "53100")
				_, err = tx.Exec(t.Context(), "SELECT 1", mode)
				wantCode(t, err, "25P02")
				return err
			})
			wantCode(t, err, "25P02")
			if err := f.insert(t.Context(), 1); err != nil {
				t.Errorf("inserting after the fault: %v", err)
			}
			f.wantRows(t, 1)
		})
	}
}

func TestFailOutsideOfTransaction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	injected := f.proxy.Inject(pgproxy.Fault{Action: pgproxy.Fail, SQLState: "57014"})
	_, err := f.through.Exec(t.Context(), "INSERT INTO t VALUES ($1)", 1)
	wantCode(t, err, "57014")
	injected.Remove()
	if err := f.insert(t.Context(), 1); err != nil {
		t.Errorf("inserting after Remove(): %v", err)
	}
	f.wantRows(t, 1)
}

// TestSkip: the fault hits the second of the statements that match.
func TestSkip(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.Inject(pgproxy.Fault{Statement: regexp.MustCompile("INSERT"), Action: pgproxy.Fail, SQLState: "53100", Skip: 1, Times: 1})
	for n, want := range []string{"", "53100", ""} {
		if err := f.insert(t.Context(), n); err != nil || want != "" {
			wantCode(t, err, want)
		}
	}
	f.wantRows(t, 2)
}

// TestSilence: open connections are silent until Restore, new ones work.
func TestSilence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.Silence()
	answered := make(chan error, 1)
	go func() { answered <- f.insert(t.Context(), 1) }()
	select {
	case err := <-answered:
		t.Fatalf("got the answer %v from a silent connection", err)
	case <-time.After(silenceLimit):
	}
	if err := storetest.Connect(t, f.proxy.URL()).Ping(t.Context()); err != nil {
		t.Errorf("Ping() of a new connection = %v, want nil", err)
	}
	f.proxy.Restore()
	if err := <-answered; err != nil {
		t.Errorf("the transaction returned %v after Restore(), want nil", err)
	}
	f.wantRows(t, 1)
}

func TestSilenceAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.SilenceAll()
	ctx, cancel := context.WithTimeout(t.Context(), silenceLimit)
	defer cancel()
	if _, err := pgx.Connect(ctx, f.proxy.URL()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Connect() = %v, want the end of the context", err)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.Refuse("53300")
	_, err := pgx.Connect(t.Context(), f.proxy.URL())
	wantCode(t, err, "53300")
	f.proxy.Restore()
	if err := storetest.Connect(t, f.proxy.URL()).Ping(t.Context()); err != nil {
		t.Errorf("Ping() after Restore() = %v, want nil", err)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.Reset()
	if err := f.through.Ping(t.Context()); err == nil {
		t.Error("Ping() after Reset() = nil, want an error")
	}
	if got := f.proxy.Connections(); got != 0 {
		t.Errorf("Connections() = %d, want 0", got)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.proxy.Inject(pgproxy.Fault{Statement: pgproxy.Commit, Action: pgproxy.Delay, Delay: silenceLimit})
	begin := time.Now()
	if err := f.insert(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if elapsed := time.Since(begin); elapsed < silenceLimit {
		t.Errorf("the transaction took %s, want at least %s", elapsed, silenceLimit)
	}
}

// TestChance: the seed determines which statements are hit.
func TestChance(t *testing.T) {
	t.Parallel()
	hits := func(seed uint64) (hit []int) {
		database := storetest.NewEmptyDatabase(t)
		proxy := pgproxy.StartPostgres(t, database, seed)
		through := storetest.Connect(t, proxy.URL())
		proxy.Inject(pgproxy.Fault{Action: pgproxy.Fail, SQLState: "40001", Chance: 0.5})
		for i := range 40 {
			if _, err := through.Exec(t.Context(), "SELECT 1"); err != nil {
				hit = append(hit, i)
			}
		}
		return hit
	}
	first, again, other := hits(1), hits(1), hits(2)
	if len(first) == 0 || len(first) == 40 || !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Errorf("hits: %v with the seed, %v again, %v with another; want some, the same and others", first, again, other)
	}
}
