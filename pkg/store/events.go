package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// Events returns the revisions of operations, each after the given one, in order and without gaps, at
// most limit of each.
func (s *Store) Events(ctx context.Context, after map[uuid.UUID]int, limit int) (map[uuid.UUID][]operation.Event, error) {
	const events = `
SELECT e.task_id, e.revision, e.at, e.status, e.progress, coalesce(e.phase, ''),
  e.total_records, e.created_records, e.updated_records, e.superseded_records, e.failed_records
FROM unnest($1::uuid[], $2::int[]) AS wanted(task_id, revision)
CROSS JOIN LATERAL (
  SELECT * FROM xforce.task_events WHERE task_id = wanted.task_id AND revision > wanted.revision ORDER BY revision LIMIT $3) AS e
WHERE {mine wanted.task_id}
ORDER BY e.task_id, e.revision`
	ids, revisions := make([]uuid.UUID, 0, len(after)), make([]int, 0, len(after))
	for id, revision := range after {
		ids, revisions = append(ids, id), append(revisions, revision)
	}
	found := make(map[uuid.UUID][]operation.Event)
	scan := func(row pgx.CollectableRow) (e operation.Event, err error) {
		var id uuid.UUID
		err = row.Scan(&id, &e.Revision, &e.At, &e.State, &e.Progress, &e.Phase,
			&e.Counts.Total, &e.Counts.Created, &e.Counts.Updated, &e.Counts.Superseded, &e.Counts.Failed)
		found[id] = append(found[id], e)
		return e, err
	}
	_, err := collectMine(ctx, s, "reading events", scan, events, ids, revisions, limit)
	return found, err
}
