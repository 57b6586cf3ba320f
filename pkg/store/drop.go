package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// dropBatch is how many chunks one transaction deletes: enough to be quick, few enough to hold nothing for long.
const dropBatch = 50

// The first statement dooms the upload, so that it can't be sealed while its chunks go.
const (
	doomUpload = `
UPDATE xforce.tasks SET is_active = FALSE
WHERE task_id = $1 AND status = 'receiving'`

	deleteChunks = `
DELETE FROM xforce.task_chunks WHERE (task_id, seq) IN (
  SELECT task_id, seq FROM xforce.task_chunks WHERE task_id = $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`

	deleteDoomed = `
DELETE FROM xforce.tasks WHERE task_id = $1 AND status = 'receiving' AND NOT is_active`
)

// DropUpload deletes an upload that was never sealed, chunks first, in batches. One that is sealed or gone is left as it is.
func (s *Store) DropUpload(ctx context.Context, id uuid.UUID) error {
	doomed, err := s.pool.Exec(ctx, doomUpload, id)
	if err != nil {
		return fmt.Errorf("dooming upload %s: %w", id, err)
	}
	if doomed.RowsAffected() == 0 {
		return nil
	}
	for {
		deleted, err := s.pool.Exec(ctx, deleteChunks, id, dropBatch)
		if err != nil {
			return fmt.Errorf("deleting the chunks of upload %s: %w", id, err)
		}
		if deleted.RowsAffected() < dropBatch {
			break
		}
	}
	if _, err := s.pool.Exec(ctx, deleteDoomed, id); err != nil {
		return fmt.Errorf("deleting upload %s: %w", id, err)
	}
	return nil
}

// AbandonedUploads finds uploads that no api has touched for the given time.
func (s *Store) AbandonedUploads(ctx context.Context, untouched time.Duration) ([]uuid.UUID, error) {
	const abandoned = `
SELECT task_id FROM xforce.tasks
WHERE status = 'receiving' AND updated_at < clock_timestamp() - $1::interval
ORDER BY random() LIMIT 100 -- so that those that somebody holds do not always come first`
	rows, err := s.pool.Query(ctx, abandoned, untouched)
	if err != nil {
		return nil, fmt.Errorf("looking for abandoned uploads: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("reading abandoned uploads: %w", err)
	}
	return ids, nil
}
