package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Events returns what clients could see of an operation after a revision, in order and without a gap, at most limit of them.
func (s *Store) Events(ctx context.Context, id uuid.UUID, after, limit int) ([]operation.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	const events = `
SELECT revision, at, status, progress, coalesce(phase, ''),
  total_records, created_records, updated_records, superseded_records, failed_records
FROM xforce.task_events WHERE task_id = $1 AND revision > $2 ORDER BY revision LIMIT $3`
	rows, err := s.pool.Query(ctx, events, id, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", unavailable(err))
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e operation.Event, err error) {
		err = row.Scan(&e.Revision, &e.At, &e.State, &e.Progress, &e.Phase,
			&e.Counts.Total, &e.Counts.Created, &e.Counts.Updated, &e.Counts.Superseded, &e.Counts.Failed)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", unavailable(err))
	}
	return found, nil
}
