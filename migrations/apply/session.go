package apply

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Session is one of Postgres's that has what a migration needs.
type Session struct {
	PID int
	// Application is the name that it gave itself, such as longshore-reporter; empty if it has none or our role may not see it.
	Application string
	// State is Postgres's word for what it does, such as "idle in transaction".
	State string
	// Age is how long its transaction has lasted.
	Age time.Duration
}

// String names the session for people.
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

// Sessions are some of them.
type Sessions []Session

// String names them for people.
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

// blocking lists who is in the way of a migration in this database, those first who have been for longest: others queue behind them.
const blocking = `
SELECT DISTINCT b.pid, coalesce(b.application_name, ''), coalesce(b.state, ''), coalesce(extract(epoch FROM clock_timestamp() - b.xact_start), 0)::float8 AS age
FROM pg_stat_activity w, unnest(pg_blocking_pids(w.pid)) AS blocker, pg_stat_activity b
WHERE w.application_name = $1 AND w.datname = current_database() AND w.wait_event_type = 'Lock' AND b.pid = blocker
ORDER BY age DESC LIMIT 3`

func inTheWay(ctx context.Context, db *sql.DB) (found Sessions, err error) {
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
		found = append(found, s)
	}
	return found, rows.Err()
}
