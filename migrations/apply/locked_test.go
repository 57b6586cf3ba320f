package apply

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
)

// briefly is the lock timeout of these tests.
const briefly = time.Second

// running is a database of the third schema with an operation that a report holds in an open transaction, as a step of a report does.
type running struct {
	address string
	held    pgx.Tx
}

func setup(t *testing.T) running {
	t.Helper()
	address := newDatabase(t)
	if _, err := (Migrator{DatabaseURL: address, files: upTo(t, 3)}).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, address)
	mustExec(t, conn, "SET application_name = 'longshore-reporter'")
	held, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), "SELECT FROM xforce.tasks FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	return running{address, held}
}

// migrate tries until the test says that it is enough; waits has every try that found something locked.
func (r running) migrate(t *testing.T) (waits <-chan Wait, ended <-chan error) {
	t.Helper()
	told, end := make(chan Wait), make(chan error, 1)
	go func() {
		_, err := Migrator{DatabaseURL: r.address, LockTimeout: briefly, Waiting: func(w Wait) {
			select {
			case told <- w:
			case <-t.Context().Done():
			}
		}}.Up(t.Context())
		end <- err
	}()
	return told, end
}

// TestAMigrationLetsTheServiceGoOn: what a step holds keeps the migration waiting, but nobody else for longer than the lock timeout, not even
// the step itself, which may need the table through another connection.
func TestAMigrationLetsTheServiceGoOn(t *testing.T) {
	t.Parallel()
	r := setup(t)
	other := connect(t, r.address)
	waits, ended := r.migrate(t)
	var longest time.Duration
	queued := false
	for tries := 0; tries < 2; {
		select {
		case w := <-waits:
			tries = w.Tries
			if len(w.By) != 1 || w.By[0].Application != "longshore-reporter" || w.By[0].PID != int(r.held.Conn().PgConn().PID()) || w.By[0].State != "idle in transaction" {
				t.Errorf("in the way are %v", w.By)
			}
		case err := <-ended:
			t.Fatalf("it ended beside the step: %v", err)
		default:
			began := time.Now()
			mustExec(t, other, "SELECT count(*) FROM xforce.tasks")
			took := time.Since(began)
			longest = max(longest, took)
			queued = queued || took > briefly/4
		}
	}
	t.Logf("a reader waited for %s at most", longest)
	if longest > briefly+2*time.Second { // two busy cores may keep anybody for a while
		t.Errorf("a reader waited for %s, with a lock timeout of %s", longest, briefly)
	}
	if !queued {
		t.Error("the reader never met the migration, so nothing was tried")
	}
	if err := r.held.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for {
		select {
		case <-waits:
			continue
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		}
		break
	}
	mustExec(t, other, "SELECT request_id FROM xforce.tasks", "SELECT stepped_at FROM xforce.task_chunks")
}

// TestPatienceEnds: the error says who is in the way and what to do.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	r := setup(t)
	_, err := Migrator{DatabaseURL: r.address, LockTimeout: briefly, Patience: 5 * time.Second}.Up(t.Context())
	locked, ok := errors.AsType[*LockedError](err)
	if !ok || locked.Tries < 1 || !isLocked(err) || !strings.Contains(err.Error(), "(longshore-reporter, idle in transaction, in a transaction for ") ||
		!strings.Contains(err.Error(), "pg_terminate_backend") {
		t.Errorf("%v", err)
	}
}

func TestAMigrationThatWaitsCanBeStopped(t *testing.T) {
	t.Parallel()
	r := setup(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	_, err := Migrator{DatabaseURL: r.address, LockTimeout: briefly, Waiting: func(Wait) { stop() }}.Up(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestADeadlockIsTriedAgain: a step locks two tables in one order and the migration in the other. Postgres ends the one that
// looks for a cycle when there is one, which here is the migration: it has waited for longer, and the step is patient.
func TestADeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	conn := connect(t, address)
	mustExec(t, conn, "CREATE TABLE a (id INT)", "CREATE TABLE b (id INT)")
	_, _ = conn.Exec(t.Context(), "SET deadlock_timeout = '20s'") // a superuser may; anybody else must be quick
	step, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = step.Rollback(context.Background()) }()
	if _, err := step.Exec(t.Context(), "SELECT count(*) FROM b"); err != nil {
		t.Fatal(err)
	}
	ended, codes := make(chan error, 1), make(chan Wait, 10)
	go func() {
		_, err := Migrator{
			DatabaseURL: address, LockTimeout: time.Minute, Waiting: func(w Wait) { codes <- w },
			files: fstest.MapFS{"0001_both.sql": {Data: []byte("-- +goose Up\nALTER TABLE a ADD COLUMN name TEXT;\nALTER TABLE b ADD COLUMN name TEXT;")}},
		}.Up(t.Context())
		ended <- err
	}()
	awaitBlocked(t, connect(t, address))
	if _, err := step.Exec(t.Context(), "SELECT count(*) FROM a"); err != nil {
		t.Fatalf("the step was ended, not the migration: %v", err)
	}
	if err := step.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil || len(codes) == 0 {
		t.Errorf("%d waits, %v", len(codes), err)
	}
}

// awaitBlocked returns when a migration waits for a lock.
func awaitBlocked(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	const waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock'"
	for deadline := time.Now().Add(20 * time.Second); ; {
		var n int
		if err := conn.QueryRow(t.Context(), waiting, application).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the migration waits for nothing")
		}
	}
}
