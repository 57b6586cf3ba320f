package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// dropBatch is how many rows of the size of a chunk or a block one transaction deletes. It keeps
// each transaction short.
const dropBatch = 50

// The first statement marks the upload as dropped, so that it can't be sealed while its parts and
// chunks are deleted. It also lets a multipart upload expire, so that the janitor finishes the drop
// if the caller does not. Dependent rows are deleted only while the mark is set: once the row is
// deleted, a client may start another upload with the same id.
const (
	markDropped = `
UPDATE xforce.tasks SET is_active = FALSE, expires_at = least(expires_at, clock_timestamp())
WHERE task_id = $1 AND status = 'receiving'
  AND CASE WHEN $2 = '' THEN coalesce(expires_at < ` + now + `, TRUE) ELSE task_reference = $2 END AND {mine}`

	whileDropped = `EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1 AND status = 'receiving' AND NOT is_active)`

	deleteDropped = `
DELETE FROM xforce.tasks WHERE task_id = $1 AND status = 'receiving' AND NOT is_active AND {mine}`
)

// DropUpload deletes an upload that was never sealed, its dependent rows first and in batches. It
// does nothing if the upload is sealed or deleted, or is a multipart upload that has not expired.
func (s *Store) DropUpload(ctx context.Context, id uuid.UUID) error {
	return s.dropUpload(ctx, id, "")
}

// dropUpload drops the upload only if it has the reference. An empty reference matches every
// expired or single-body upload.
func (s *Store) dropUpload(ctx context.Context, id uuid.UUID, reference string) error {
	marked, err := s.markDropped(ctx, id, reference)
	if err != nil || !marked {
		return err
	}
	return s.deleteDropped(ctx, id)
}

const (
	// touchEvery must be well below the janitor's LONGSHORE_ABANDONED_AFTER.
	touchEvery = 10 * time.Second
	// touchClaimedEvery must be well below takeOverAfter.
	touchClaimedEvery = 3 * time.Second
	// takeOverAfter is how long an upload must not have been touched until a request with the same id
	// drops it.
	takeOverAfter = 12 * time.Second
)

// takeOver drops an upload whose process has died, so that its client can send it again with the same
// id. It reports whether the id may be free now. Two uploads never share an id: once the row is marked
// as dropped, the first one can neither stage nor seal, even if its process only stood still.
func (s *Store) takeOver(ctx context.Context, id uuid.UUID) (dropped bool, err error) {
	const markDead = `
UPDATE xforce.tasks SET is_active = FALSE
WHERE task_id = $1 AND status = 'receiving' AND expires_at IS NULL AND (NOT is_active OR updated_at < ` + now + ` - $2::interval) AND {mine}`
	marked, err := s.execMine(ctx, s.pool, markDead, id, takeOverAfter)
	if err != nil {
		return false, fmt.Errorf("taking over upload %s: %w", id, err)
	}
	if marked == 0 {
		return false, nil
	}
	return true, s.deleteDropped(ctx, id)
}

// markDropped reports whether there is an upload to drop.
func (s *Store) markDropped(ctx context.Context, id uuid.UUID, reference string) (bool, error) {
	marked, err := s.execMine(ctx, s.pool, markDropped, id, reference)
	if err != nil {
		return false, fmt.Errorf("marking upload %s as dropped: %w", id, err)
	}
	return marked > 0, nil
}

// deleteDropped deletes an upload that is marked as dropped.
func (s *Store) deleteDropped(ctx context.Context, id uuid.UUID) error {
	err := errors.Join(
		s.deleteInBatches(ctx, "task_chunks", "seq", whileDropped, id),
		s.deleteInBatches(ctx, "upload_pieces", "version, seq", whileDropped, id),
		s.deleteInBatches(ctx, "upload_parts", "part", whileDropped, id),
	)
	if err != nil {
		return fmt.Errorf("dropping upload %s: %w", id, err)
	}
	// A block that arrived meanwhile keeps the row: the janitor deletes both later.
	if _, err := s.execMine(ctx, s.pool, deleteDropped, id); err != nil && !isMissingParent(err) {
		return fmt.Errorf("deleting upload %s: %w", id, err)
	}
	return nil
}

// deleteInBatches deletes an operation's rows from a table while a condition is true. The
// condition's first argument is the operation's id; key lists the other columns of the primary key.
// Table, key and condition are constants of this package, never input.
func (s *Store) deleteInBatches(ctx context.Context, table, key, condition string, args ...any) error {
	statement := fmt.Sprintf(`
DELETE FROM xforce.%[1]s WHERE (task_id, %[2]s) IN (
  SELECT task_id, %[2]s FROM xforce.%[1]s WHERE task_id = $1 AND %[3]s AND {mine $1} LIMIT %[4]d FOR UPDATE SKIP LOCKED)`,
		table, key, condition, dropBatch)
	for {
		deleted, err := s.execMine(ctx, s.pool, statement, args...)
		if err != nil {
			return fmt.Errorf("deleting from %s: %w", table, err)
		}
		if deleted < dropBatch {
			return nil
		}
	}
}

// AbandonedUploads returns uploads that no api touched for the given time, and multipart uploads
// that have expired.
func (s *Store) AbandonedUploads(ctx context.Context, untouched time.Duration) ([]uuid.UUID, error) {
	const abandoned = `
SELECT task_id FROM xforce.tasks
WHERE status = 'receiving' AND (NOT is_active OR coalesce(expires_at < ` + now + `, updated_at < ` + now + ` - $1::interval))
ORDER BY random() LIMIT 100 -- so that locked uploads do not always come first`
	return collect(ctx, s.pool, "finding abandoned uploads", pgx.RowTo[uuid.UUID], abandoned, untouched)
}
