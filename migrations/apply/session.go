package apply

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Session is a session of Postgres with a lock that a migration needs.
type Session struct {
	PID int
	// Application is its application_name, such as longshore-reporter; empty if it has none or our
	// role may not read it.
	Application string
	// State is its state in pg_stat_activity, such as "idle in transaction".
	State string
	// Age is the age of its transaction.
	Age time.Duration
}

// String describes the session in an error message.
func (s Session) String() string {
	name, state := s.Application, s.State
	if name == "" {
		name = "no name"
	}
	if state != "" {
		state += ", "
	}
	return fmt.Sprintf("pid %d (%s, %sin a transaction for %s)", s.PID, name, state, s.Age.Round(time.Second))
}

// Sessions is a list of sessions.
type Sessions []Session

// String describes the sessions in an error message.
func (s Sessions) String() string {
	names := make([]string, len(s))
	for i, one := range s {
		names[i] = one.String()
	}
	if len(names) == 0 {
		return "a session that was not seen"
	}
	return strings.Join(names, ", ")
}

// blockers returns the sessions that block a migration in this database, those with the oldest
// transactions first: others queue behind them.
func blockers(ctx context.Context, db *sql.DB) (sessions Sessions, err error) {
	const blocking = `
SELECT DISTINCT b.pid, coalesce(b.application_name, ''), coalesce(b.state, ''),
  coalesce(extract(epoch FROM clock_timestamp() - b.xact_start), 0)::float8 AS age
FROM pg_stat_activity w, unnest(pg_blocking_pids(w.pid)) AS blocker, pg_stat_activity b
WHERE w.application_name = $1 AND w.datname = current_database() AND w.wait_event_type = 'Lock' AND b.pid = blocker
ORDER BY age DESC LIMIT 3`
	rows, err := db.QueryContext(ctx, blocking, application)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s Session
		var age float64
		if err := rows.Scan(&s.PID, &s.Application, &s.State, &age); err != nil {
			return nil, err
		}
		s.Age = time.Duration(age * float64(time.Second))
		sessions = append(sessions, s)
	}
	return sessions, rows.Err()
}
