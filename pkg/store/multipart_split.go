package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

// Split is what the splitting of an upload in pieces came to.
type Split struct {
	// Records and Chunks are how many were staged.
	Records, Chunks int
	// Failure, if there is one, ends the operation: its body can't be read.
	Failure *operation.Failure
}

// RunSplit is RunHeld for the chunk that stands for the splitting of an upload in pieces: work stages all records with StageSplit, and may
// be done from the beginning by another worker if this one dies. What it says is committed together with the end of its chunk: the
// operation's totals, or its failure. The first chunks of all lanes are due then.
func (s *Store) RunSplit(ctx context.Context, c job.Chunk, work func(context.Context, Checkpoint) (Split, error)) (Committed, error) {
	return s.runStep(ctx, c, func(tx pgx.Tx) (Committed, error) {
		turn, err := takeTurn(ctx, tx, c)
		if err != nil {
			return Committed{}, err
		}
		var split Split
		err = hold(ctx, tx, c, func(ctx context.Context) error {
			split, err = work(ctx, turn.Checkpoint)
			return err
		})
		switch {
		case err != nil:
			return Committed{}, err
		case split.Failure != nil:
			return failSplit(ctx, tx, c, *split.Failure)
		}
		return finishSplit(ctx, tx, c, split)
	})
}

// StageSplit writes one chunk in a transaction of its own. Another worker may have written the same before. Nothing is written when the
// operation is no longer live, or split by somebody else; RunSplit tells that at the end.
func (s *Store) StageSplit(ctx context.Context, id uuid.UUID, c chunk.Chunk) error {
	const insertSplit = `
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload)
SELECT task_id, $2, $3, $4, $5 FROM xforce.tasks WHERE task_id = $1 AND status = ANY ($6) AND total_chunks = 0 FOR SHARE
ON CONFLICT DO NOTHING`
	if _, err := s.pool.Exec(ctx, insertSplit, id, c.Seq, c.FirstRow, c.Rows, c.Payload, liveStates); err != nil {
		return fmt.Errorf("staging chunk %d: %w", c.Seq, err)
	}
	return nil
}

const (
	staged = `
SELECT count(*), coalesce(sum(row_count), 0)::bigint, coalesce(max(seq), -1) FROM xforce.task_chunks WHERE task_id = $1 AND seq >= 0`

	tellSplit = `
UPDATE xforce.tasks SET total_records = $2, total_chunks = $3, phase = NULL, updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($4) AND total_chunks = 0
RETURNING lanes`

	closeSplit = `
UPDATE xforce.task_chunks SET state = 'done', attempts = 0, stepped_at = clock_timestamp() WHERE task_id = $1 AND seq = $2`
)

func finishSplit(ctx context.Context, tx pgx.Tx, c job.Chunk, split Split) (Committed, error) {
	done := Committed{State: operation.Running, Counts: operation.Counts{Total: split.Records}}
	var chunks, records, last, lanes int
	var batch pgx.Batch
	batch.Queue(staged, c.OperationID).QueryRow(func(row pgx.Row) error { return row.Scan(&chunks, &records, &last) })
	batch.Queue(tellSplit, c.OperationID, split.Records, split.Chunks, statesBefore(operation.Succeeded)).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&lanes)
		if isNoRows(err) {
			return errStopped
		}
		return err
	})
	batch.Queue(closeSplit, c.OperationID, c.Seq)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return Committed{}, fmt.Errorf("finishing the split: %w", err)
	}
	if chunks != split.Chunks || records != split.Records || last != split.Chunks-1 {
		return Committed{}, fmt.Errorf("%d records in %d chunks were staged, but %d in %d are there", split.Records, split.Chunks, records, chunks)
	}
	for seq := range min(lanes, split.Chunks) {
		done.Next = append(done.Next, Next{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: c.OperationID, Seq: seq}}})
	}
	return done, nil
}

func failSplit(ctx context.Context, tx pgx.Tx, c job.Chunk, why operation.Failure) (Committed, error) {
	var batch pgx.Batch
	batch.Queue(failOperation, c.OperationID, operation.Failed, why.Code, why.Message, statesBefore(operation.Failed)).
		Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() == 0 {
				return errStopped
			}
			return nil
		})
	batch.Queue(closeSplit, c.OperationID, c.Seq)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return Committed{}, fmt.Errorf("failing the split: %w", err)
	}
	return Committed{State: operation.Failed, Failure: &why}, nil
}

// Of an upload that is split, or never will be, the parts are of no use; and the chunks neither if the operation has none.
const (
	isSplit = `
EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1 AND status <> 'receiving' AND (total_chunks > 0 OR NOT status = ANY ($2)))`

	isUnsplit = `
seq >= 0 AND EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1 AND status <> 'receiving' AND total_chunks = 0 AND NOT status = ANY ($2))`
)

// ClearSplit deletes, in batches, what the splitting of an upload in pieces leaves behind: the parts, once nobody needs them, and the chunks
// of one that was broken off. It does nothing while the splitting is still to be done. The list of parts goes last: while it is there, the
// rest is found (see SplitUploads).
func (s *Store) ClearSplit(ctx context.Context, id uuid.UUID) error {
	err := errors.Join(
		s.deleteInBatches(ctx, "upload_pieces", "version, seq", isSplit, id, liveStates),
		s.deleteInBatches(ctx, "task_chunks", "seq", isUnsplit, id, liveStates),
	)
	if err != nil {
		return err
	}
	return s.deleteInBatches(ctx, "upload_parts", "part", isSplit, id, liveStates)
}
