package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// dependents are the tables whose rows belong to an operation, with the number of rows that one
// statement deletes: few where rows have payloads, many where they do not.
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

// deleteDependents deletes rows of tombstones from one table. It skips locked rows, such as the chunk
// of a worker that has not noticed the end of the operation yet; a later call deletes them.
const deleteDependents = `
WITH tombstones AS MATERIALIZED (
  SELECT task_id FROM xforce.tasks WHERE task_id = ANY ($1) AND NOT is_active AND status = ANY ($3))
DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(
  SELECT h.ctid FROM tombstones JOIN %[1]s h USING (task_id) LIMIT $2 FOR UPDATE OF h SKIP LOCKED))`

// markPurged sets reclaimed_at of tombstones that have no dependent rows.
var markPurged = func() string {
	var statement strings.Builder
	statement.WriteString(`
UPDATE xforce.tasks t SET reclaimed_at = clock_timestamp()
WHERE task_id = ANY ($1) AND NOT is_active AND reclaimed_at IS NULL AND status = ANY ($2)`)
	for _, d := range dependents {
		statement.WriteString("\n  AND NOT EXISTS (SELECT FROM " + d.table + " h WHERE h.task_id = t.task_id)")
	}
	return statement.String()
}()

// Purgeable returns tombstones with dependent rows in the order of their ids, at most limit of them,
// after the given one. Callers that continue after the last one reach all tombstones, whichever of
// them can't be purged.
func (s *Store) Purgeable(ctx context.Context, after uuid.UUID, limit int) ([]uuid.UUID, error) {
	const purgeable = `
SELECT task_id FROM xforce.tasks
WHERE NOT is_active AND reclaimed_at IS NULL AND status <> 'receiving' -- the condition of the partial index
  AND task_id > $1
ORDER BY task_id LIMIT $2`
	return collect(ctx, s.pool, "finding tombstones to purge", pgx.RowTo[uuid.UUID], purgeable, after, limit)
}

// Purge deletes a batch of the tombstones' rows from each dependent table, all in one transaction,
// and returns how many rows it deleted. 0 means that none are left, or that others have locked the
// rest.
func (s *Store) Purge(ctx context.Context, ids []uuid.UUID) (deleted int, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue(plannerSettings)
		for _, d := range dependents {
			batch.Queue(fmt.Sprintf(deleteDependents, d.table), ids, d.batch, finishedStates).Exec(func(tag pgconn.CommandTag) error {
				deleted += int(tag.RowsAffected())
				return nil
			})
		}
		batch.Queue(markPurged, ids, finishedStates)
		return tx.SendBatch(ctx, &batch).Close()
	})
	if err != nil {
		return 0, fmt.Errorf("purging %d operations: %w", len(ids), err)
	}
	return deleted, nil
}
