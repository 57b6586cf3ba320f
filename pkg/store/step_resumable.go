package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

// Checkpoint is where an operation that takes many steps stands.
type Checkpoint struct {
	ID         uuid.UUID
	Kind       operation.Kind
	Number     int64
	Collection string
	// Request is what the operation was asked for.
	Request json.RawMessage
	// Cursor is where the turn before left off, as its Advance said; nil in the first.
	Cursor json.RawMessage
	// Result is what the turns before had to tell; nil in the first.
	Result json.RawMessage
	// Steps is how many turns there were before.
	Steps int
}

// ResumableStep is one step of an operation that takes many, such as a search: each ends with its transaction and leaves its place in the
// chunk's row, for whichever worker comes next.
type ResumableStep struct {
	Checkpoint
	tx pgx.Tx
}

// Progress is where a turn leaves its operation.
type Progress struct {
	// Cursor is handed to the next turn.
	Cursor json.RawMessage
	// Progress is in percent and never goes back.
	Progress int
	// Phase says in words what comes next.
	Phase string
	// Result is what clients are told beside the output; nil leaves it as it is.
	Result json.RawMessage
	// Done ends the operation as succeeded.
	Done bool
}

// RunResumable takes the operation's only chunk, lets work do its part in the same transaction, and commits its output together with its place.
// It returns ErrNothingDue when the operation is finished, ErrHeld when somebody else is at it.
func (s *Store) RunResumable(ctx context.Context, c job.Chunk, work func(context.Context, *ResumableStep) (Progress, error)) (Committed, error) {
	return s.runStep(ctx, c, func(tx pgx.Tx) (Committed, error) {
		turn, err := takeTurn(ctx, tx, c)
		if err != nil {
			return Committed{}, err
		}
		advance, err := work(ctx, turn)
		if err != nil {
			return Committed{}, err
		}
		return finishTurn(ctx, tx, c, turn, advance)
	})
}

// takeTurn locks the chunk's row if it is free and still pending.
func takeTurn(ctx context.Context, tx pgx.Tx, c job.Chunk) (*ResumableStep, error) {
	const take = `
SELECT t.kind, t.number, coalesce(t.collection, ''), t.request, c.cursor, t.result, c.steps
FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'pending' AND t.status = ANY ($3)
FOR UPDATE OF c SKIP LOCKED`
	turn := &ResumableStep{Checkpoint: Checkpoint{ID: c.OperationID}, tx: tx}
	err := tx.QueryRow(ctx, take, c.OperationID, c.Seq, liveStates).
		Scan(&turn.Kind, &turn.Number, &turn.Collection, &turn.Request, &turn.Cursor, &turn.Result, &turn.Steps)
	if err != nil {
		return nil, fmt.Errorf("taking the chunk: %w", err)
	}
	return turn, nil
}

const (
	// A turn that succeeded takes back the attempts that it took: they bound a turn, not an operation.
	leavePlace = `
UPDATE xforce.task_chunks SET cursor = $3, steps = steps + 1, attempts = 0, stepped_at = clock_timestamp(),
  state = CASE WHEN $4 THEN 'done' ELSE 'pending' END
WHERE task_id = $1 AND seq = $2`

	tellPlace = `
UPDATE xforce.tasks SET
  progress = CASE WHEN $6 THEN 100 ELSE greatest(progress, least($2, 99)) END, phase = nullif($3, ''), result = coalesce($4, result),
  status = $5, done_chunks = CASE WHEN $6 THEN total_chunks ELSE done_chunks END,
  finished_at = CASE WHEN $6 THEN clock_timestamp() END, updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($7)`
)

func finishTurn(ctx context.Context, tx pgx.Tx, c job.Chunk, turn *ResumableStep, a Progress) (Committed, error) {
	done := Committed{State: operation.Running}
	if a.Done {
		done.State = operation.Succeeded
	} else {
		done.Next = []Next{{Due: job.Due{Kind: job.KindOf(turn.Kind, c.Seq), Chunk: c}, Steps: turn.Steps + 1}}
	}
	var batch pgx.Batch
	batch.Queue(leavePlace, c.OperationID, c.Seq, a.Cursor, a.Done)
	told := batch.Queue(tellPlace, c.OperationID, a.Progress, a.Phase, a.Result, done.State, a.Done, statesBefore(operation.Succeeded))
	told.Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 0 {
			return errStopped
		}
		return nil
	})
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return Committed{}, fmt.Errorf("finishing the turn: %w", err)
	}
	return done, nil
}
