package apply

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// DefaultLockTimeout is how long a statement waits for a lock. It is short, because other
	// sessions that need the table queue behind the statement; but it is longer than Postgres's
	// deadlock_timeout (1 s) and than an ordinary step keeps its locks.
	DefaultLockTimeout = 2 * time.Second
	// DefaultRetryTimeout is longer than nearly all reports lock their operation's row. After it,
	// migrate exits and can be started again.
	DefaultRetryTimeout = 10 * time.Minute
	// minDelay is the delay before the first retry, in which the sessions that queued behind the
	// migration proceed. It doubles.
	minDelay = time.Second
	// maxDelay limits the delay. A shorter one would slow the service down for as long as the
	// migration is retried.
	maxDelay = 8 * time.Second
)

// lockedCodes are the errors of a migration that conflicts with other sessions: lock_not_available
// and deadlock_detected.
var lockedCodes = []string{"55P03", "40P01"}

// Retry describes an attempt that failed because of a lock.
type Retry struct {
	// Attempts is the number of attempts so far.
	Attempts int
	// Blockers are the sessions with the conflicting locks, as far as they were observed.
	Blockers Sessions
	// Delay is the time until the next attempt.
	Delay time.Duration
}

// LockedError is the error of a migration that conflicted with other sessions until the
// RetryTimeout.
type LockedError struct {
	// Attempts is the number of attempts.
	Attempts int
	// Blockers are the sessions that blocked the last attempt, as far as they were observed.
	Blockers Sessions
	// Err is the error of the last attempt.
	Err error
}

// Error names the blocking sessions and what an operator can do.
func (e *LockedError) Error() string {
	return fmt.Sprintf("gave up after %d attempts, because a table is locked by %s; wait for that work to end, or end it with "+
		"SELECT pg_terminate_backend(pid), which loses nothing that a service does, and migrate again: %v", e.Attempts, e.Blockers, e.Err)
}

// Unwrap returns the error of the last attempt.
func (e *LockedError) Unwrap() error { return e.Err }

// retryWhileLocked repeats an attempt until it does not fail because of locks, or the RetryTimeout
// has passed.
func (m Migrator) retryWhileLocked(ctx context.Context, db *sql.DB, attempt func() error) error {
	started, delay := time.Now(), minDelay
	for attempts := 1; ; attempts++ {
		stopWatching := m.watchBlockers(ctx, db)
		err := attempt()
		blockers := stopWatching()
		switch {
		case !isLocked(err):
			return err
		case time.Since(started)+delay > m.RetryTimeout:
			return &LockedError{Attempts: attempts, Blockers: blockers, Err: err}
		}
		m.OnRetry(Retry{Attempts: attempts, Blockers: blockers, Delay: delay})
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(delay):
		}
		delay = min(2*delay, maxDelay)
	}
}

func isLocked(err error) bool {
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(lockedCodes, fromServer.Code)
}

// watchBlockers polls for sessions that block a migration. The returned function stops it and
// returns the blockers that it saw last.
func (m Migrator) watchBlockers(ctx context.Context, db *sql.DB) (stop func() Sessions) {
	ctx, cancel := context.WithCancel(ctx)
	last := make(chan Sessions, 1)
	go func() {
		var seen Sessions
		defer func() { last <- seen }()
		tick := time.NewTicker(max(m.LockTimeout/4, time.Millisecond))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if now, err := blockers(ctx, db); err == nil && len(now) > 0 { // an error costs only a part of a message
					seen = now
				}
			}
		}
	}()
	return func() Sessions { cancel(); return <-last }
}
