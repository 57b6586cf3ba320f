package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Split is the result of splitting a multipart upload into chunks.
type Split struct {
	// Records and Chunks are how many were staged.
	Records, Chunks int
	// Failure, unless nil, fails the operation because its body is invalid.
	Failure *operation.Failure
}

// RunSplit is RunLong for the split of a multipart upload. The work begins with
// BeginSplit and stages all records with StageSplit; another worker may repeat it from the start if this one dies. Its result, the
// operation's totals or its failure, is committed together with the state of the split's chunk.
// After that the first chunk of every lane is due.
func (s *Store) RunSplit(ctx context.Context, c job.Chunk, work func(context.Context, Checkpoint) (Split, error)) (Committed, error) {
	return runLocked(ctx, s, c, lockResumable, untilFinished(work), finishSplit)
}

// BeginSplit begins an attempt to split an upload. The digest identifies the collection by which the
// attempt reads the body. If an earlier attempt has read it by another one, its chunks are deleted,
// because they may differ from those of this attempt.
func (s *Store) BeginSplit(ctx context.Context, id uuid.UUID, digest string) error {
	const (
		setReading = `
UPDATE xforce.tasks SET request = jsonb_set(coalesce(request, '{}'), '{reading}', to_jsonb($2::text))
WHERE task_id = $1 AND status = ANY ($3) AND total_chunks = 0 AND request ->> 'reading' IS DISTINCT FROM $2`
		deleteStaged = `DELETE FROM xforce.task_chunks WHERE task_id = $1 AND kind = 'step'`
	)
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		changed, err := tx.Exec(ctx, setReading, id, digest, liveStates)
		if err != nil || changed.RowsAffected() == 0 {
			return err
		}
		_, err = tx.Exec(ctx, deleteStaged, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("beginning the split: %w", err)
	}
	return nil
}

// StageSplit writes one chunk of an attempt that BeginSplit has begun with the digest, in its own
// transaction. It does nothing if another worker has already written the chunk, if the operation is
// finished or already split, or if another attempt has begun with another digest; RunSplit detects
// the last two when it commits.
func (s *Store) StageSplit(ctx context.Context, id uuid.UUID, digest string, c chunk.Chunk) error {
	const insertStaged = `
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload)
SELECT task_id, $2, $3, $4, $5 FROM xforce.tasks
WHERE task_id = $1 AND status = ANY ($6) AND total_chunks = 0 AND request ->> 'reading' = $7 FOR SHARE
ON CONFLICT DO NOTHING`
	if _, err := s.pool.Exec(ctx, insertStaged, id, c.Seq, c.FirstRow, c.Rows, c.Payload, liveStates, digest); err != nil {
		return fmt.Errorf("staging chunk %d: %w", c.Seq, err)
	}
	return nil
}

var (
	selectStaged = `
SELECT count(*), coalesce(sum(row_count), 0)::bigint, coalesce(max(seq) + 1, 0)
FROM xforce.task_chunks WHERE task_id = $1 AND kind = 'step'`

	setTotals = `
UPDATE xforce.tasks SET total_records = $2, total_chunks = $3, phase = NULL, updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($4) AND total_chunks = 0
RETURNING lanes, ` + anyHeld(job.Split)

	// countSplit counts the records for a tenant and a key that have limits: those have a row.
	countSplit = `
UPDATE xforce.usage u SET records = u.records + $2
FROM xforce.tasks t
WHERE t.task_id = $1 AND u.tenant = t.tenant AND u.key_id IN ('', t.principal) AND u.day = (now() AT TIME ZONE 'UTC')::date`

	finishSplitChunk = `
UPDATE xforce.task_chunks SET state = 'done', attempts = 0, lost_attempts = 0, stepped_at = clock_timestamp() WHERE task_id = $1 AND seq = $2`
)

func finishSplit(ctx context.Context, step *ResumableStep, split Split) (Committed, error) {
	if split.Failure != nil {
		return failSplit(ctx, step, *split.Failure)
	}
	var chunks, records, end, lanes int
	var held bool
	var batch pgx.Batch
	batch.Queue(selectStaged, step.ID).QueryRow(func(row pgx.Row) error { return row.Scan(&chunks, &records, &end) })
	batch.Queue(setTotals, step.ID, split.Records, split.Chunks, statesBefore(operation.Succeeded)).QueryRow(func(row pgx.Row) error {
		return stoppedIfNoRows(row.Scan(&lanes, &held))
	})
	batch.Queue(countSplit, step.ID, split.Records)
	batch.Queue(finishSplitChunk, step.ID, step.chunk.Seq)
	if err := step.tx.sendLast(ctx, &batch); err != nil {
		return Committed{}, fmt.Errorf("finishing the split: %w", err)
	}
	if chunks != split.Chunks || records != split.Records || end != split.Chunks {
		return Committed{}, fmt.Errorf("the split staged %d records in %d chunks, but %d in %d are stored",
			split.Records, split.Chunks, records, chunks)
	}
	done := Committed{State: operation.Running, Held: held, Counts: operation.Counts{Total: split.Records}}
	for _, due := range job.FirstDue(step.Kind, step.ID, lanes, split.Chunks) {
		done.Next = append(done.Next, Next{Due: due})
	}
	return done, nil
}

func failSplit(ctx context.Context, step *ResumableStep, failure operation.Failure) (Committed, error) {
	var batch pgx.Batch
	batch.Queue(failOperation, step.ID, operation.Failed, failure.Code, failure.Message, statesBefore(operation.Failed)).Exec(stoppedIfNone)
	batch.Queue(finishSplitChunk, step.ID, step.chunk.Seq)
	if err := step.tx.sendLast(ctx, &batch); err != nil {
		return Committed{}, fmt.Errorf("failing the split: %w", err)
	}
	return Committed{State: operation.Failed, Failure: &failure}, nil
}

const (
	// The parts are not needed once the upload is split, or once its operation is finished.
	partsUnneeded = `
EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1 AND status <> 'receiving' AND (total_chunks > 0 OR NOT status = ANY ($2)))`

	// The staged chunks are not needed if the operation was finished before the split was.
	stagedUnneeded = `
kind = 'step' AND EXISTS (
  SELECT FROM xforce.tasks WHERE task_id = $1 AND status <> 'receiving' AND total_chunks = 0 AND NOT status = ANY ($2))`
)

// ClearSplit deletes, in batches, what a split leaves behind: the parts, and the chunks of a split
// that did not end. It does nothing while the split is still to be done. The list of parts is
// deleted last, because ClearableUploads finds uploads by it.
func (s *Store) ClearSplit(ctx context.Context, id uuid.UUID) error {
	err := errors.Join(
		s.deleteInBatches(ctx, "upload_pieces", "version, seq", partsUnneeded, id, liveStates),
		s.deleteInBatches(ctx, "task_chunks", "seq", stagedUnneeded, id, liveStates),
	)
	if err != nil {
		return err
	}
	return s.deleteInBatches(ctx, "upload_parts", "part", partsUnneeded, id, liveStates)
}

// ClearableUploads returns multipart uploads with unneeded parts for ClearSplit, at most limit of
// them and in random order.
func (s *Store) ClearableUploads(ctx context.Context, limit int) ([]uuid.UUID, error) {
	// One look into the index for each upload, however many parts it has.
	const clearable = `
WITH RECURSIVE uploads AS (
  (SELECT task_id FROM xforce.upload_parts ORDER BY task_id LIMIT 1)
  UNION ALL
  SELECT (SELECT p.task_id FROM xforce.upload_parts p WHERE p.task_id > u.task_id ORDER BY p.task_id LIMIT 1)
  FROM uploads u WHERE u.task_id IS NOT NULL)
SELECT t.task_id FROM uploads JOIN xforce.tasks t USING (task_id)
WHERE t.status <> 'receiving' AND (t.total_chunks > 0 OR NOT t.status = ANY ($2))
ORDER BY random() LIMIT $1`
	return collect(ctx, s.pool, "finding unneeded parts", pgx.RowTo[uuid.UUID], clearable, limit, liveStates)
}
