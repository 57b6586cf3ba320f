package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

// maxMissing bounds how many missing parts are told at once.
const maxMissing = 100

const (
	holdParts = `SELECT status <> 'receiving' FROM xforce.tasks WHERE task_id = $1 AND ` + isParts + ` FOR UPDATE`

	// An upload in pieces is accepted before anybody knows how many records it holds.
	sealParts = `
UPDATE xforce.tasks SET
  status = $2, number = nextval('xforce.task_numbers'), phase = $4, expires_at = NULL,
  sealed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($3)`

	insertSplitChunk = `
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload) VALUES ($1, $2, 1, 0, '')`

	// splitting is what is done first with a finished upload, in words for people.
	splitting = "Splitting the upload"
)

// FinishMultipart accepts an upload in pieces as an operation, whose records are split by a worker. It has all parts from 1 to the last one, or
// to the expected one if that is not 0; if not, the error is a fault of kind Conflict that lists the missing ones. One that is finished
// already is returned as it is.
func (s *Store) FinishMultipart(ctx context.Context, id uuid.UUID, expected int) (*operation.Operation, error) {
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		var finished bool
		if err := tx.QueryRow(ctx, holdParts, id).Scan(&finished); err != nil || finished {
			return err
		}
		if err := requireParts(ctx, tx, id, expected); err != nil {
			return err
		}
		var batch pgx.Batch
		batch.Queue(sealParts, id, operation.Waiting, statesBefore(operation.Waiting), splitting)
		batch.Queue(insertSplitChunk, id, job.SplitSeq)
		return tx.SendBatch(ctx, &batch).Close()
	})
	if isNoRows(err) {
		return nil, NoParts()
	}
	if err != nil {
		return nil, fmt.Errorf("finishing an upload in pieces: %w", unavailable(err))
	}
	return s.Operation(ctx, id)
}

func requireParts(ctx context.Context, tx pgx.Tx, id uuid.UUID, expected int) error {
	rows, err := tx.Query(ctx, `SELECT part FROM xforce.upload_parts WHERE task_id = $1 ORDER BY part`, id)
	if err != nil {
		return err
	}
	have, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	last := max(1, expected)
	if len(have) > 0 {
		last = max(last, have[len(have)-1])
	}
	if expected > 0 && last > expected {
		return fault.New(fault.Conflict, "too-many-parts",
			"The upload has a part %d, but is said to have %d. Finish it with the right number, or abort it.", last, expected)
	}
	if missing := last - len(have); missing > 0 {
		return fault.New(fault.Conflict, "upload-incomplete",
			"Parts are missing. Send them and finish again.").
			With("missing", absent(have, last)).With("missing_count", missing)
	}
	return nil
}

// absent returns the first of the numbers from 1 to last that a sorted list has not.
func absent(have []int, last int) (missing []int) {
	at := 0
	for n := 1; n <= last && len(missing) < maxMissing; n++ {
		if at < len(have) && have[at] == n {
			at++
			continue
		}
		missing = append(missing, n)
	}
	return missing
}
