package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

// Step is a chunk in the hands of one worker: the lock on its row is the lease, and it ends with the transaction.
type Step struct {
	// Number is the operation's place in the order of acceptance.
	Number   int64
	FirstRow int
	Rows     int
	Payload  []byte
	tx       pgx.Tx
}

// Effect is what a step did with its chunk.
type Effect struct {
	// Outcomes tells for each row, in order, what became of it.
	Outcomes []operation.Outcome
	// Rejections explains every row whose outcome is Rejected.
	Rejections []operation.Rejection
}

// Committed is what a step leaves behind.
type Committed struct {
	Counts operation.Counts
	// State is the operation's state after the step.
	State operation.State
	// Failure says why the operation failed by what the step found; nil if it did not.
	Failure *operation.Failure
	// Next are the chunks that are due because of the step.
	Next []Next
}

// Next is a chunk that a step leaves to be done, and how many steps were done on it: an operation that takes many steps comes back
// to the same chunk.
type Next struct {
	job.Due
	Steps int
}

// nextOfLane is the chunk that follows in the lane of an import's chunk; none after the last.
func nextOfLane(c job.Chunk, lanes, chunks int) []Next {
	seq := c.Seq + lanes
	if seq >= chunks {
		return nil
	}
	return []Next{{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: c.OperationID, Seq: seq}}}}
}

// errStopped rolls a step back whose operation was finished by somebody else in the meantime.
var errStopped = errors.New("the operation is finished")

// RunStep takes the chunk, lets work do its part in the same transaction, and commits the effect, the rejections, the counts
// and the chunk's new state together. It returns ErrNothingDue when the chunk is done or its operation is
// finished, ErrHeld when somebody else holds it.
func (s *Store) RunStep(ctx context.Context, c job.Chunk, work func(context.Context, *Step) (Effect, error)) (Committed, error) {
	return s.runStep(ctx, c, func(tx pgx.Tx) (Committed, error) {
		step, err := takeChunk(ctx, tx, c)
		if err != nil {
			return Committed{}, err
		}
		effect, err := work(ctx, step)
		if err != nil {
			return Committed{}, err
		}
		return finishStep(ctx, tx, c, step, effect)
	})
}

// runStep runs one step, of whatever kind, as one transaction, and tells why its chunk could not be taken.
func (s *Store) runStep(ctx context.Context, c job.Chunk, step func(pgx.Tx) (Committed, error)) (done Committed, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		done, err = step(tx)
		return err
	})
	if errors.Is(err, errStopped) {
		return Committed{}, ErrNothingDue
	}
	if isNoRows(err) {
		return Committed{}, s.whyNotDue(ctx, c)
	}
	return done, err
}

// takeChunk locks the chunk's row if it is free and still pending.
func takeChunk(ctx context.Context, tx pgx.Tx, c job.Chunk) (*Step, error) {
	const take = `
SELECT t.number, c.first_row, c.row_count, c.payload
FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'pending' AND t.status = ANY ($3)
FOR UPDATE OF c SKIP LOCKED`
	step := &Step{tx: tx}
	err := tx.QueryRow(ctx, take, c.OperationID, c.Seq, liveStates).
		Scan(&step.Number, &step.FirstRow, &step.Rows, &step.Payload)
	if err != nil {
		return nil, fmt.Errorf("taking the chunk: %w", err)
	}
	return step, nil
}

const (
	finishChunk = `
UPDATE xforce.task_chunks SET state = 'done', outcomes = $3, stepped_at = clock_timestamp(),
  created_records = $4, updated_records = $5, superseded_records = $6, failed_records = $7
WHERE task_id = $1 AND seq = $2`

	// The counts go to the operation only while it is live: after a cancel has committed, no step can.
	countStep = `
UPDATE xforce.tasks SET
  created_records = created_records + $2, updated_records = updated_records + $3,
  superseded_records = superseded_records + $4, failed_records = failed_records + $5,
  imported_records = imported_records + $2 + $3 + $4,
  progress = (imported_records + failed_records + $2 + $3 + $4 + $5)::bigint * 100 / total_records,
  done_chunks = done_chunks + 1,
  status = CASE WHEN done_chunks + 1 = total_chunks THEN $6 ELSE $7 END,
  finished_at = CASE WHEN done_chunks + 1 = total_chunks THEN clock_timestamp() END,
  updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($8)
RETURNING status, lanes, total_chunks`
)

func finishStep(ctx context.Context, tx pgx.Tx, c job.Chunk, step *Step, effect Effect) (Committed, error) {
	done := Committed{Counts: countOutcomes(effect.Outcomes)}
	if err := writeRejections(ctx, tx, c.OperationID, effect.Rejections); err != nil {
		return Committed{}, err
	}
	completed, err := completedRow(c, step, done.Counts)
	if err != nil {
		return Committed{}, err
	}
	n := done.Counts
	var batch pgx.Batch
	batch.Queue(insertProgress, completed...)
	batch.Queue(finishChunk, c.OperationID, c.Seq, chunk.PackOutcomes(effect.Outcomes), n.Created, n.Updated, n.Superseded, n.Failed)
	batch.Queue(countStep, c.OperationID, n.Created, n.Updated, n.Superseded, n.Failed,
		operation.Succeeded, operation.Running, statesBefore(operation.Succeeded)).
		QueryRow(func(row pgx.Row) error {
			var lanes, chunks int
			err := row.Scan(&done.State, &lanes, &chunks)
			if isNoRows(err) {
				return errStopped
			}
			done.Next = nextOfLane(c, lanes, chunks)
			return err
		})
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return Committed{}, fmt.Errorf("finishing the step: %w", err)
	}
	return done, nil
}

func countOutcomes(outcomes []operation.Outcome) operation.Counts {
	counts := operation.Counts{Total: len(outcomes)}
	for _, o := range outcomes {
		counts.Count(o, 1)
	}
	return counts
}

const failOperation = `
UPDATE xforce.tasks SET phase = NULL, status = $2, error_code = $3, error_message = $4,
  finished_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($5)`

// Fail ends an operation that can't be completed. What was committed stays and is counted. It reports whether this call did it: one that is
// finished already keeps its end.
func (s *Store) Fail(ctx context.Context, c job.Chunk, why operation.Failure) (bool, error) {
	failed, err := s.pool.Exec(ctx, failOperation, c.OperationID, operation.Failed, why.Code, why.Message, statesBefore(operation.Failed))
	if err != nil {
		return false, fmt.Errorf("failing the operation: %w", err)
	}
	return failed.RowsAffected() > 0, nil
}
