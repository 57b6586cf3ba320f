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

// shortLockTimeout is the lock timeout of these tests.
const shortLockTimeout = time.Second

// lockedDatabase is a database after migration 3, with an open transaction that locks an operation
// like a step of a report.
type lockedDatabase struct {
	address string
	step    pgx.Tx
}

func newLockedDatabase(t *testing.T) lockedDatabase {
	t.Helper()
	address := newDatabase(t)
	if _, err := (Migrator{DatabaseURL: address, files: firstMigrations(t, 3)}).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, address)
	mustExec(t, conn, "SET application_name = 'longshore-reporter'")
	step, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := step.Exec(t.Context(), "SELECT FROM xforce.tasks FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	return lockedDatabase{address, step}
}

// migrate runs Up in the background. retries receives every Retry; result receives the error of Up.
func (d lockedDatabase) migrate(t *testing.T) (retries <-chan Retry, result <-chan error) {
	t.Helper()
	retried, ended := make(chan Retry), make(chan error, 1)
	go func() {
		_, err := Migrator{DatabaseURL: d.address, LockTimeout: shortLockTimeout, OnRetry: func(r Retry) {
			select {
			case retried <- r:
			case <-t.Context().Done():
			}
		}}.Up(t.Context())
		ended <- err
	}()
	return retried, ended
}

// TestUpReleasesQueuedSessions: while a step blocks the migration, other sessions wait no longer
// than the lock timeout. The step itself may be among them, because it may need the table through
// another connection.
func TestUpReleasesQueuedSessions(t *testing.T) {
	t.Parallel()
	d := newLockedDatabase(t)
	reader := connect(t, d.address)
	retries, result := d.migrate(t)
	var maxWait time.Duration
	queued := false
	for attempts := 0; attempts < 2; {
		select {
		case r := <-retries:
			attempts = r.Attempts
			if len(r.Blockers) != 1 || r.Blockers[0].Application != "longshore-reporter" ||
				r.Blockers[0].PID != int(d.step.Conn().PgConn().PID()) || r.Blockers[0].State != "idle in transaction" {
				t.Errorf("Blockers = %v, want the step's session", r.Blockers)
			}
		case err := <-result:
			t.Fatalf("Up() = %v while the step was running", err)
		default:
			started := time.Now()
			mustExec(t, reader, "SELECT count(*) FROM xforce.tasks")
			wait := time.Since(started)
			maxWait = max(maxWait, wait)
			queued = queued || wait > shortLockTimeout/4
		}
	}
	t.Logf("the reader waited for at most %s", maxWait)
	if maxWait > shortLockTimeout+2*time.Second { // two busy cores may delay any session
		t.Errorf("the reader waited for %s, want at most the lock timeout of %s", maxWait, shortLockTimeout)
	}
	if !queued {
		t.Error("the reader never waited for the migration, so the test proves nothing")
	}
	if err := d.step.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for running := true; running; {
		select {
		case <-retries:
		case err := <-result:
			running = false
			if err != nil {
				t.Errorf("Up() = %v after the step, want nil", err)
			}
		}
	}
	mustExec(t, reader, "SELECT request_id FROM xforce.tasks", "SELECT stepped_at, kind FROM xforce.task_chunks")
}

func TestUpReturnsLockedError(t *testing.T) {
	t.Parallel()
	d := newLockedDatabase(t)
	_, err := Migrator{DatabaseURL: d.address, LockTimeout: shortLockTimeout, RetryTimeout: 5 * time.Second}.Up(t.Context())
	locked, ok := errors.AsType[*LockedError](err)
	if !ok || locked.Attempts < 1 || !isLocked(err) {
		t.Fatalf("Up() = %v, want a LockedError after at least one attempt", err)
	}
	for _, want := range []string{"(longshore-reporter, idle in transaction, in a transaction for ", "pg_terminate_backend"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Up() = %v, want an error that contains %q", err, want)
		}
	}
}

func TestUpStopsWithContext(t *testing.T) {
	t.Parallel()
	d := newLockedDatabase(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := Migrator{DatabaseURL: d.address, LockTimeout: shortLockTimeout, OnRetry: func(Retry) { cancel() }}.Up(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Up() = %v, want context.Canceled", err)
	}
}

// TestUpRetriesAfterDeadlock: a step locks two tables in one order and the migration in the other.
// Postgres ends the session that detects the deadlock, which is the migration: it has waited for
// longer, and the step's deadlock_timeout is long.
func TestUpRetriesAfterDeadlock(t *testing.T) {
	t.Parallel()
	address := newDatabase(t)
	conn := connect(t, address)
	mustExec(t, conn, "CREATE TABLE a (id INT)", "CREATE TABLE b (id INT)")
	_, _ = conn.Exec(t.Context(), "SET deadlock_timeout = '20s'") // only a superuser may; without it the test depends on timing
	step, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = step.Rollback(context.Background()) }()
	if _, err := step.Exec(t.Context(), "SELECT count(*) FROM b"); err != nil {
		t.Fatal(err)
	}
	result, retries := make(chan error, 1), make(chan Retry, 10)
	go func() {
		_, err := Migrator{
			DatabaseURL: address, LockTimeout: time.Minute, OnRetry: func(r Retry) { retries <- r },
			files: fstest.MapFS{"0001_both.sql": {Data: []byte("-- +goose Up\nALTER TABLE a ADD COLUMN name TEXT;\nALTER TABLE b ADD COLUMN name TEXT;")}},
		}.Up(t.Context())
		result <- err
	}()
	awaitBlocked(t, connect(t, address))
	if _, err := step.Exec(t.Context(), "SELECT count(*) FROM a"); err != nil {
		t.Fatalf("Postgres ended the step instead of the migration: %v", err)
	}
	if err := step.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil || len(retries) == 0 {
		t.Errorf("Up() = %v after %d retries, want nil after at least one", err, len(retries))
	}
}

// awaitBlocked waits until a migration waits for a lock.
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
			t.Fatal("no migration is waiting for a lock after 20 s")
		}
	}
}
