package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Checkpoint is the saved state of an operation that takes many steps.
type Checkpoint struct {
	ID     uuid.UUID
	Kind   operation.Kind
	Number int64
	// Tenant owns the operation, and ShownNumber is the number by which its clients know it.
	Tenant      string
	ShownNumber int64
	Collection  CollectionRef
	// Caller is on whose behalf the collection's table is read.
	Caller access.Caller
	// Request is the operation's request, such as the query of a search.
	Request json.RawMessage
	// Cursor is the Progress.Cursor of the step before; nil in the first step.
	Cursor json.RawMessage
	// Result is the last Progress.Result that was not nil; nil in the first step.
	Result json.RawMessage
	// Steps is how many steps were committed.
	Steps int
}

// ResumableStep is one step of an operation that takes many, such as a search. Each step is one
// transaction, which leaves a checkpoint in the chunk's row for the worker that takes the next
// step.
type ResumableStep struct {
	Checkpoint
	chunk job.Chunk
	tx    *stepTx
}

// Progress is the result of a step.
type Progress struct {
	// Cursor is passed to the next step.
	Cursor json.RawMessage
	// Progress is in percent. A value below the current one is ignored.
	Progress int
	// Phase describes in words, for clients, what comes next.
	Phase string
	// Result is shown to clients beside the output; nil keeps the current result.
	Result json.RawMessage
	// Done finishes the operation as succeeded.
	Done bool
}

// RunResumable locks the operation's only chunk, runs work in the same transaction, and commits its
// output together with the checkpoint. It returns ErrNothingDue if the operation is finished, and
// ErrLocked if another worker has locked the chunk.
func (s *Store) RunResumable(
	ctx context.Context, c job.Chunk, work func(context.Context, *ResumableStep) (Progress, error),
) (Committed, error) {
	return runLocked(ctx, s, c, lockResumable, work, finishResumable)
}

const selectCheckpoint = `
SELECT t.kind, t.number, t.tenant, coalesce(t.public_number, t.number), coalesce(t.collection, ''), t.tenant, coalesce(t.collection_version, 0), coalesce(t.caller_role, ''), t.caller_claims, t.request, c.cursor, t.result, c.steps
FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'pending' AND t.status = ANY ($3)`

func (p *Checkpoint) scan(row pgx.Row) error {
	return row.Scan(&p.Kind, &p.Number, &p.Tenant, &p.ShownNumber, &p.Collection.Name, &p.Collection.Tenant, &p.Collection.Version, &p.Caller.Role, &p.Caller.Claims, &p.Request, &p.Cursor, &p.Result, &p.Steps)
}

// lockResumable locks the chunk's row if it is pending and not locked. Of the chunks with lost attempts
// it locks only one at a time.
func lockResumable(ctx context.Context, tx *stepTx, c job.Chunk) (*ResumableStep, error) {
	step := &ResumableStep{Checkpoint: Checkpoint{ID: c.OperationID}, chunk: c, tx: tx}
	const lockUnsuspected = ` AND ` + notSuspected + ` FOR UPDATE OF c SKIP LOCKED`
	if err := step.scan(tx.QueryRow(ctx, selectCheckpoint+lockUnsuspected, c.OperationID, c.Seq, liveStates)); err != nil {
		return nil, fmt.Errorf("locking the chunk: %w", err)
	}
	return step, nil
}

// CheckpointOf reads an operation's checkpoint without locking it, so the caller must check it
// again under the lock. It returns ErrNothingDue if the operation is finished.
func (s *Store) CheckpointOf(ctx context.Context, c job.Chunk) (Checkpoint, error) {
	checkpoint := Checkpoint{ID: c.OperationID}
	err := checkpoint.scan(s.pool.QueryRow(ctx, selectCheckpoint, c.OperationID, c.Seq, liveStates))
	if isNoRows(err) {
		return Checkpoint{}, ErrNothingDue
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("reading the checkpoint: %w", err)
	}
	return checkpoint, nil
}

var (
	// A committed step resets the attempts: they limit one step, not the operation.
	writeCheckpoint = `
UPDATE xforce.task_chunks SET cursor = $3, steps = steps + 1, attempts = 0, lost_attempts = 0, stepped_at = clock_timestamp(),
  state = CASE WHEN $4 THEN 'done' ELSE 'pending' END
WHERE task_id = $1 AND seq = $2`

	publishProgress = `
UPDATE xforce.tasks SET
  progress = CASE WHEN $6 THEN 100 ELSE greatest(progress, least($2, 99)) END, phase = nullif($3, ''), result = coalesce($4, result),
  status = $5, done_chunks = CASE WHEN $6 THEN total_chunks ELSE done_chunks END,
  finished_at = CASE WHEN $6 THEN clock_timestamp() END, updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($7)
RETURNING CASE kind WHEN 'search' THEN ` + anyHeld(job.Search) + ` ELSE ` + anyHeld(job.Report) + ` END`
)

func finishResumable(ctx context.Context, step *ResumableStep, p Progress) (Committed, error) {
	done := Committed{State: operation.Running}
	if p.Done {
		done.State = operation.Succeeded
	} else {
		done.Next = []Next{{Due: job.Due{Kind: job.StepOf(step.Kind), Chunk: step.chunk}, Steps: step.Steps + 1}}
	}
	var batch pgx.Batch
	batch.Queue(writeCheckpoint, step.ID, step.chunk.Seq, p.Cursor, p.Done)
	batch.Queue(publishProgress, step.ID, p.Progress, p.Phase, p.Result, done.State, p.Done,
		statesBefore(operation.Succeeded)).QueryRow(func(row pgx.Row) error { return stoppedIfNoRows(row.Scan(&done.Held)) })
	if err := step.tx.sendLast(ctx, &batch); err != nil {
		return Committed{}, fmt.Errorf("finishing the step: %w", err)
	}
	return done, nil
}
