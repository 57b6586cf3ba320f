package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// dropBatch is how many rows of a chunk's or a piece's size one transaction deletes: enough to be quick, few enough to hold nothing for long.
const dropBatch = 50

// The first statement dooms the upload, so that it can't be sealed while its parts and chunks go; an upload in pieces has its time then,
// should whoever drops it not come to the end. What hangs on it is deleted only while it is doomed: another of the same id, as a client may
// give, may be begun as soon as it is gone.
const (
	doomUpload = `
UPDATE xforce.tasks SET is_active = FALSE, expires_at = least(expires_at, clock_timestamp())
WHERE task_id = $1 AND status = 'receiving' AND CASE WHEN $2 = '' THEN coalesce(expires_at < clock_timestamp(), TRUE) ELSE task_reference = $2 END`

	whileDoomed = `EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1 AND status = 'receiving' AND NOT is_active)`

	deleteDoomed = `
DELETE FROM xforce.tasks WHERE task_id = $1 AND status = 'receiving' AND NOT is_active`
)

// DropUpload deletes an upload that was never sealed, what hangs on it first, in batches. One that is sealed or gone is left as it is, and
// so is one in pieces whose time is not over.
func (s *Store) DropUpload(ctx context.Context, id uuid.UUID) error {
	return s.dropUpload(ctx, id, "")
}

// dropUpload drops only the upload of the reference, unless that is empty.
func (s *Store) dropUpload(ctx context.Context, id uuid.UUID, reference string) error {
	doomed, err := s.pool.Exec(ctx, doomUpload, id, reference)
	if err != nil {
		return fmt.Errorf("dooming upload %s: %w", id, err)
	}
	if doomed.RowsAffected() == 0 {
		return nil
	}
	err = errors.Join(
		s.deleteInBatches(ctx, "task_chunks", "seq", whileDoomed, id),
		s.deleteInBatches(ctx, "upload_pieces", "version, seq", whileDoomed, id),
		s.deleteInBatches(ctx, "upload_parts", "part", whileDoomed, id),
	)
	if err != nil {
		return fmt.Errorf("dropping upload %s: %w", id, err)
	}
	if _, err := s.pool.Exec(ctx, deleteDoomed, id); err != nil && !isMissingParent(err) { // a piece that was on its way is left to the janitor
		return fmt.Errorf("deleting upload %s: %w", id, err)
	}
	return nil
}

// deleteInBatches deletes the rows of a table that belong to an operation, as long as a condition holds, whose first argument is the
// operation's id. The table, what is its key beside the id and the condition are our own words.
func (s *Store) deleteInBatches(ctx context.Context, table, key, condition string, args ...any) error {
	statement := fmt.Sprintf(`
DELETE FROM xforce.%[1]s WHERE (task_id, %[2]s) IN (
  SELECT task_id, %[2]s FROM xforce.%[1]s WHERE task_id = $1 AND %[3]s LIMIT %[4]d FOR UPDATE SKIP LOCKED)`, table, key, condition, dropBatch)
	for {
		deleted, err := s.pool.Exec(ctx, statement, args...)
		if err != nil {
			return fmt.Errorf("deleting from %s: %w", table, err)
		}
		if deleted.RowsAffected() < dropBatch {
			return nil
		}
	}
}

// AbandonedUploads finds uploads that no api has touched for the given time, and uploads in pieces whose time is over.
func (s *Store) AbandonedUploads(ctx context.Context, untouched time.Duration) ([]uuid.UUID, error) {
	const abandoned = `
SELECT task_id FROM xforce.tasks
WHERE status = 'receiving' AND (NOT is_active OR coalesce(expires_at < clock_timestamp(), updated_at < clock_timestamp() - $1::interval))
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
