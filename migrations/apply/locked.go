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
	// DefaultLockTimeout is how long a statement waits for a lock. Whoever needs the table meanwhile queues behind it, so it is short; it is
	// longer than Postgres takes to see a deadlock (1 s), and than any ordinary step keeps its locks.
	DefaultLockTimeout = 2 * time.Second
	// DefaultPatience is how long it is tried again: longer than nearly all reports hold their operation's row. Who starts migrate again has it
	// anew.
	DefaultPatience = 10 * time.Minute
	// firstPause is between the first two tries: what queued behind the migration goes on. It doubles.
	firstPause = time.Second
	// longestPause keeps a migration that waits for long from slowing down the service for long.
	longestPause = 8 * time.Second
)

// lockedCodes are what Postgres says of a migration that others are in the way of: lock_not_available and deadlock_detected.
var lockedCodes = []string{"55P03", "40P01"}

// Wait tells of a try that found something locked.
type Wait struct {
	// Tries is how many there were.
	Tries int
	// By are the sessions that were in the way, as far as they were seen.
	By Sessions
	// Pause is how long the migration leaves everybody alone before it tries again.
	Pause time.Duration
}

// LockedError is the error of a migration that others were in the way of for all its patience.
type LockedError struct {
	// Tries is how often it was tried.
	Tries int
	// By are the sessions that were in the way last, as far as they were seen.
	By Sessions
	// Err is what Postgres said last.
	Err error
}

// Error tells who is in the way, and what to do about it.
func (e *LockedError) Error() string {
	return fmt.Sprintf("gave up after %d tries, because a table is locked by %s; wait for that work to end, or end it with "+
		"SELECT pg_terminate_backend(pid), which loses nothing that a service does, and migrate again: %v", e.Tries, e.By, e.Err)
}

// Unwrap returns what Postgres said.
func (e *LockedError) Unwrap() error { return e.Err }

// untilFree tries again as long as others are in the way and there is patience.
func (m Migrator) untilFree(ctx context.Context, db *sql.DB, try func() error) error {
	began, pause := time.Now(), firstPause
	for tries := 1; ; tries++ {
		watched := m.watch(ctx, db)
		err := try()
		by := watched()
		switch {
		case !isLocked(err):
			return err
		case time.Since(began)+pause > m.Patience:
			return &LockedError{Tries: tries, By: by, Err: err}
		}
		m.Waiting(Wait{Tries: tries, By: by, Pause: pause})
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

func isLocked(err error) bool {
	fromServer, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(lockedCodes, fromServer.Code)
}

// watch looks who is in the way of migrations until the function that it returns is called, which tells who was seen last.
func (m Migrator) watch(ctx context.Context, db *sql.DB) func() Sessions {
	ctx, stop := context.WithCancel(ctx)
	seen := make(chan Sessions, 1)
	go func() {
		var last Sessions
		defer func() { seen <- last }()
		looks := time.NewTicker(max(m.LockTimeout/4, time.Millisecond))
		defer looks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-looks.C:
				if now, err := inTheWay(ctx, db); err == nil && len(now) > 0 { // it is for people only
					last = now
				}
			}
		}
	}()
	return func() Sessions { stop(); return <-seen }
}
