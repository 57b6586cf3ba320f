package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// dependents are the tables whose rows belong to an operation, with the number of rows that one
// transaction deletes: few where rows have payloads, many where they do not.
var dependents = []struct {
	table string
	batch int
}{
	{"xforce.task_chunks", dropBatch},
	{"xforce.task_progress", 5_000},
	{"xforce.task_outputs", dropBatch},
	{"xforce.task_events", 5_000},
	{"xforce.upload_pieces", dropBatch},
	{"xforce.upload_parts", 5_000},
}

// deleteDependents deletes a tombstone's rows from one table. It skips locked rows, such as the
// chunk of a worker that has not noticed the end of the operation yet; a later call deletes them.
const deleteDependents = `
DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(
  SELECT h.ctid FROM %[1]s h
  WHERE h.task_id = $1 AND EXISTS (SELECT FROM xforce.tasks t WHERE t.task_id = $1 AND NOT t.is_active AND t.status = ANY ($3))
  LIMIT $2 FOR UPDATE SKIP LOCKED))`

// markPurged sets reclaimed_at of a tombstone that has no dependent rows.
var markPurged = func() string {
	var statement strings.Builder
	statement.WriteString(`
UPDATE xforce.tasks SET reclaimed_at = clock_timestamp()
WHERE task_id = $1 AND NOT is_active AND reclaimed_at IS NULL AND status = ANY ($2)`)
	for _, d := range dependents {
		statement.WriteString("\n  AND NOT EXISTS (SELECT FROM " + d.table + " WHERE task_id = $1)")
	}
	return statement.String()
}()

// Purgeable returns tombstones with dependent rows, at most limit of them and in random order, so
// that one with locked rows does not always come first.
func (s *Store) Purgeable(ctx context.Context, limit int) ([]uuid.UUID, error) {
	const purgeable = `
SELECT task_id FROM xforce.tasks
WHERE NOT is_active AND reclaimed_at IS NULL AND status <> 'receiving' -- the condition of the partial index
ORDER BY random() LIMIT $1`
	return collect(ctx, s.pool, "finding tombstones to purge", pgx.RowTo[uuid.UUID], purgeable, limit)
}

// Purge deletes a batch of a tombstone's rows from each dependent table, each batch in its own
// transaction, and returns how many rows it deleted. 0 means that none are left, or that others
// have locked the rest.
func (s *Store) Purge(ctx context.Context, id uuid.UUID) (deleted int, err error) {
	for _, d := range dependents {
		tag, err := s.pool.Exec(ctx, fmt.Sprintf(deleteDependents, d.table), id, d.batch, finishedStates)
		if err != nil {
			return deleted, fmt.Errorf("purging operation %s: %w", id, err)
		}
		deleted += int(tag.RowsAffected())
	}
	if _, err := s.pool.Exec(ctx, markPurged, id, finishedStates); err != nil {
		return deleted, fmt.Errorf("purging operation %s: %w", id, err)
	}
	return deleted, nil
}
