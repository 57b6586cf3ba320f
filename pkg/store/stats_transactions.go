package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// OldestTransactions returns, by the name of Longshore's sessions, the age of their oldest transaction
// that keeps vacuum from removing rows; 0 if none does. Postgres hides the age of transactions of
// other roles, unless the role has pg_read_all_stats: they count as none.
func (s *Store) OldestTransactions(ctx context.Context) (map[string]time.Duration, error) {
	const oldest = `
SELECT application_name, coalesce(max(clock_timestamp() - xact_start)
  FILTER (WHERE backend_xid IS NOT NULL OR backend_xmin IS NOT NULL), '0'::interval)
FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'longshore-%' AND pid <> pg_backend_pid()
GROUP BY application_name`
	rows, err := s.pool.Query(ctx, oldest) //nolint:rowserrcheck // ForEachRow checks it
	if err != nil {
		return nil, fmt.Errorf("reading the oldest transactions: %w", err)
	}
	ages := make(map[string]time.Duration)
	var name string
	var age time.Duration
	_, err = pgx.ForEachRow(rows, []any{&name, &age}, func() error {
		ages[name] = max(age, 0) // the clock may have been set back
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the oldest transactions: %w", err)
	}
	return ages, nil
}
