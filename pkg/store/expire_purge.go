package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// hanging are the tables whose rows belong to an operation, and how many of them one transaction deletes: few of those that hold
// payloads, many of those that do not.
var hanging = []struct {
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

// deleteHanging deletes rows of one table that hang on a tombstone. What somebody holds, such as a worker that has not heard yet, is left
// for later.
const deleteHanging = `
DELETE FROM %[1]s WHERE ctid = ANY (ARRAY(
  SELECT h.ctid FROM %[1]s h
  WHERE h.task_id = $1 AND EXISTS (SELECT FROM xforce.tasks t WHERE t.task_id = $1 AND NOT t.is_active AND t.status = ANY ($3))
  LIMIT $2 FOR UPDATE SKIP LOCKED))`

// markReclaimed tells of a tombstone that nothing hangs on it any more.
var markReclaimed = func() string {
	var statement strings.Builder
	statement.WriteString(`
UPDATE xforce.tasks SET reclaimed_at = clock_timestamp()
WHERE task_id = $1 AND NOT is_active AND reclaimed_at IS NULL AND status = ANY ($2)`)
	for _, h := range hanging {
		statement.WriteString("\n  AND NOT EXISTS (SELECT FROM " + h.table + " WHERE task_id = $1)")
	}
	return statement.String()
}()

// Purgeable finds tombstones on which something hangs, at most limit of them, in no order, so that one that somebody holds does not
// always come first.
func (s *Store) Purgeable(ctx context.Context, limit int) ([]uuid.UUID, error) {
	const reclaimable = `
SELECT task_id FROM xforce.tasks
WHERE NOT is_active AND reclaimed_at IS NULL AND status <> 'receiving' -- the words of the partial index
ORDER BY random() LIMIT $1`
	return s.collectIDs(ctx, "looking for tombstones", reclaimable, limit)
}

// Purge deletes a batch of each kind of row that hangs on a tombstone, each in a transaction of its own, and tells how many rows it
// were; 0 means that it is done or that somebody holds the rest.
func (s *Store) Purge(ctx context.Context, id uuid.UUID) (deleted int, err error) {
	for _, h := range hanging {
		tag, err := s.pool.Exec(ctx, fmt.Sprintf(deleteHanging, h.table), id, h.batch, finishedStates)
		if err != nil {
			return deleted, fmt.Errorf("clearing away operation %s: %w", id, err)
		}
		deleted += int(tag.RowsAffected())
	}
	if _, err := s.pool.Exec(ctx, markReclaimed, id, finishedStates); err != nil {
		return deleted, fmt.Errorf("clearing away operation %s: %w", id, err)
	}
	return deleted, nil
}

// SplitUploads finds uploads in pieces whose parts are still there although nobody will split them any more, at most limit of them, in no
// order; ClearSplit clears them.
func (s *Store) SplitUploads(ctx context.Context, limit int) ([]uuid.UUID, error) {
	const split = `
SELECT task_id FROM xforce.tasks
WHERE task_id IN (SELECT task_id FROM xforce.upload_parts) AND status <> 'receiving' AND (total_chunks > 0 OR NOT status = ANY ($2))
ORDER BY random() LIMIT $1`
	return s.collectIDs(ctx, "looking for parts that nobody needs", split, limit, liveStates)
}
