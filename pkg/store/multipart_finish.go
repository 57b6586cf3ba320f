package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// maxMissing limits how many missing parts a fault lists.
const maxMissing = 100

// splitting is the phase of a finished upload that is not split yet, as clients see it.
const splitting = "Splitting the upload"

const (
	lockMultipart = `SELECT status <> 'receiving' FROM xforce.tasks WHERE task_id = $1 AND {mine} AND ` + isMultipart + ` FOR UPDATE`

	// lockUpload locks an upload, which has no tag.
	lockUpload = `SELECT '', updated_at FROM xforce.tasks WHERE task_id = $1 AND {mine} FOR NO KEY UPDATE`

	// The number of records stays unknown until the split.
	sealMultipart = `
UPDATE xforce.tasks SET
  status = $2, number = nextval('xforce.task_numbers'), phase = $4, expires_at = NULL,
  sealed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($3) AND {mine}` + returningOperation

	insertSplit = `
INSERT INTO xforce.task_chunks (task_id, seq, kind, first_row, row_count, payload)
SELECT task_id, $2, 'split', 1, 0, '' FROM xforce.tasks WHERE task_id = $1 AND {mine}`
)

// FinishMultipart accepts a multipart upload as an operation; a worker splits it into chunks
// afterwards. All parts from 1 to the last stored one must be present, or to the expected one if
// expected is not 0. Otherwise it returns a fault of kind Conflict that lists the missing parts. An
// upload that is already finished is returned unchanged.
func (s *Store) FinishMultipart(ctx context.Context, id uuid.UUID, expected int) (op *operation.Operation, err error) {
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	err = s.perform(ctx, write{
		doing: "finishing a multipart upload", id: id, visible: isAccepted, advice: repeatOrLook,
		work: func(ctx context.Context, tx pgx.Tx, batch *pgx.Batch) error {
			var finished bool
			lock, args := sc.limit(lockMultipart, []any{id})
			if err := tx.QueryRow(ctx, lock, args...).Scan(&finished); isNoRows(err) {
				return UploadNotFound()
			} else if err != nil {
				return err
			}
			locked, args := sc.limit(lockUpload, []any{id})
			if err := checkCondition(ctx, tx, locked, args...); err != nil {
				return err
			}
			if finished {
				queueOperation(sc, batch, &op, OperationNotFound(), selectOperation+`task_id = $1`, id)
				return nil
			}
			if err := charge(ctx, tx, 0); err != nil { // the worker that splits it counts the records
				return err
			}
			if err := requireParts(ctx, tx, sc, id, expected); err != nil {
				return err
			}
			batch.Queue(lockLedger) // the order of the collection's rows is not known here
			queueOperation(sc, batch, &op, UploadNotFound(), sealMultipart, id, operation.Waiting, statesBefore(operation.Waiting), splitting)
			sc.queue(batch, insertSplit, id, job.SplitOf(id).Seq)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return op, nil
}

func requireParts(ctx context.Context, tx pgx.Tx, sc scope, id uuid.UUID, expected int) error {
	stored, args := sc.limit(`SELECT part FROM xforce.upload_parts WHERE task_id = $1 AND {mine $1} ORDER BY part`, []any{id})
	parts, err := collect(ctx, tx, "listing parts", pgx.RowTo[int], stored, args...)
	if err != nil {
		return err
	}
	last := max(1, expected)
	if len(parts) > 0 {
		last = max(last, parts[len(parts)-1])
	}
	if expected > 0 && last > expected {
		return fault.New(fault.Conflict, "too-many-parts",
			"The upload has a part %d, but is said to have %d. Finish it with the right number, or abort it.", last, expected)
	}
	if missing := last - len(parts); missing > 0 {
		return fault.New(fault.Conflict, "upload-incomplete",
			"Parts are missing. Send them and finish again.").
			With("missing", firstMissing(parts, last)).With("missing_count", missing)
	}
	return nil
}

// firstMissing returns the first maxMissing numbers from 1 to last that a sorted list lacks.
func firstMissing(sorted []int, last int) (missing []int) {
	next := 0
	for n := 1; n <= last && len(missing) < maxMissing; n++ {
		if next < len(sorted) && sorted[next] == n {
			next++
			continue
		}
		missing = append(missing, n)
	}
	return missing
}
