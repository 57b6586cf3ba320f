package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

var (
	// A step that leaves records to await their parents resets the attempts: they limit one step.
	finishChunk = `
UPDATE xforce.task_chunks SET state = $8, outcomes = $3, stepped_at = clock_timestamp(), cursor = $9, steps = steps + 1,
  created_records = $4, updated_records = $5, superseded_records = $6, failed_records = $7,
  attempts = CASE WHEN $8 = 'done' THEN attempts ELSE 0 END, lost_attempts = CASE WHEN $8 = 'done' THEN lost_attempts ELSE 0 END
WHERE task_id = $1 AND seq = $2`

	// The counts are added only while the operation is unfinished: after a cancel has committed, no
	// step can add any.
	countStep = `
UPDATE xforce.tasks SET
  created_records = created_records + $2, updated_records = updated_records + $3,
  superseded_records = superseded_records + $4, failed_records = failed_records + $5,
  imported_records = imported_records + $2 + $3 + $4,
  progress = (imported_records + failed_records + $2 + $3 + $4 + $5)::bigint * 100 / total_records,
  done_chunks = done_chunks + $9,
  status = CASE WHEN done_chunks + $9 = total_chunks THEN $6 ELSE $7 END,
  finished_at = CASE WHEN done_chunks + $9 = total_chunks THEN clock_timestamp() END,
  phase = CASE WHEN done_chunks + $9 = total_chunks THEN NULL ELSE phase END,
  updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($8)
RETURNING status, lanes, total_chunks, ` + anyHeld(job.Import)
)

func finishStep(ctx context.Context, step *Step, effect Effect) (Committed, error) {
	stepped := steppedChunk{seq: step.chunk.Seq, firstRow: step.FirstRow, rows: step.Rows, outcomes: effect.Outcomes}
	return finishChunks(ctx, step, []steppedChunk{stepped}, countOutcomes(effect.Outcomes), effect)
}

// steppedChunk is a chunk whose records a step has processed.
type steppedChunk struct {
	seq, firstRow, rows int
	// outcomes has the outcome of each row, also of those that an earlier step processed.
	outcomes []operation.Outcome
	// tried is with what a step of RunAwaiting has tried them; otherwise nil.
	tried *tried
}

// state returns the state of the chunk: it is awaiting while one of its records is unprocessed.
func (s steppedChunk) state() string {
	if slices.Contains(s.outcomes, operation.Unprocessed) {
		return chunkAwaiting
	}
	return chunkDone
}

// finishChunks writes the result of a step of an import: n counts the records that it has processed.
func finishChunks(ctx context.Context, step *Step, chunks []steppedChunk, n operation.Counts, effect Effect) (Committed, error) {
	c := step.chunk
	if err := writeRejections(ctx, step.tx, c.OperationID, effect.Rejections); err != nil {
		return Committed{}, err
	}
	var batch pgx.Batch
	finished := 0
	for _, stepped := range chunks {
		sum := countOutcomes(stepped.outcomes)
		state := stepped.state()
		batch.Queue(finishChunk, c.OperationID, stepped.seq, chunk.PackOutcomes(stepped.outcomes),
			sum.Created, sum.Updated, sum.Superseded, sum.Failed, state, stepped.tried)
		if state != chunkDone {
			continue
		}
		finished++
		completed, err := completedRow(c.OperationID, stepped, sum)
		if err != nil {
			return Committed{}, err
		}
		batch.Queue(insertProgress, completed...)
	}
	done := Committed{Counts: n, Rejected: countReasons(effect.Rejections)}
	step.queueLedger(&batch)
	queueWarnings(&batch, c.OperationID, effect.Warnings, &done)
	queueCount(&batch, step, finished, &done)
	queueAwaiting(&batch, c.OperationID, &done)
	if err := step.tx.sendLast(ctx, &batch); err != nil {
		return Committed{}, fmt.Errorf("finishing the step: %w", err)
	}
	return done, nil
}

// queueCount adds the counts of a step, which has finished a number of chunks, to its operation.
func queueCount(batch *pgx.Batch, step *Step, finished int, done *Committed) {
	n := done.Counts
	batch.Queue(countStep, step.chunk.OperationID, n.Created, n.Updated, n.Superseded, n.Failed,
		operation.Succeeded, operation.Running, statesBefore(operation.Succeeded), finished).
		QueryRow(func(row pgx.Row) error {
			var lanes, chunks int
			err := row.Scan(&done.State, &lanes, &chunks, &done.Held)
			if !step.awaiting {
				done.Next = nextOfLane(step.chunk, lanes, chunks)
			}
			return stoppedIfNoRows(err)
		})
}

// nextOfLane returns the chunk that follows in the lane of an import's chunk; nil after the last
// one.
func nextOfLane(c job.Chunk, lanes, chunks int) []Next {
	seq := c.Seq + lanes
	if seq >= chunks {
		return nil
	}
	return []Next{{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: c.OperationID, Seq: seq}}}}
}

func countOutcomes(outcomes []operation.Outcome) operation.Counts {
	counts := operation.Counts{Total: len(outcomes)}
	for _, o := range outcomes {
		counts.Count(o, 1)
	}
	return counts
}

// countReasons returns how many records were rejected, by the code of the first reason of each.
func countReasons(rejections []operation.Rejection) map[string]int {
	byCode := make(map[string]int)
	for _, r := range rejections {
		if len(r.Reasons) > 0 {
			byCode[r.Reasons[0].Code]++
		}
	}
	return byCode
}
