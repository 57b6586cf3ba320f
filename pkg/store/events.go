package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Events returns the revisions of an operation after the given one, in order and without gaps, at
// most limit of them.
func (s *Store) Events(ctx context.Context, id uuid.UUID, after, limit int) ([]operation.Event, error) {
	const events = `
SELECT revision, at, status, progress, coalesce(phase, ''),
  total_records, created_records, updated_records, superseded_records, failed_records
FROM xforce.task_events WHERE task_id = $1 AND revision > $2 ORDER BY revision LIMIT $3`
	scan := func(row pgx.CollectableRow) (e operation.Event, err error) {
		err = row.Scan(&e.Revision, &e.At, &e.State, &e.Progress, &e.Phase,
			&e.Counts.Total, &e.Counts.Created, &e.Counts.Updated, &e.Counts.Superseded, &e.Counts.Failed)
		return e, err
	}
	return collectForClient(ctx, s.pool, "reading events", scan, events, id, after, limit)
}
