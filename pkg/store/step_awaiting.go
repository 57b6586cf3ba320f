package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// The values of xforce.task_chunks.state. A chunk is awaiting if its step is committed but for records
// that a foreign key or a lookup refused: their parents may be in other chunks or in earlier imports.
const (
	chunkPending  = "pending"
	chunkAwaiting = "awaiting"
	chunkDone     = "done"
)

// isDue is true for a chunk c that is pending. It is also true for the first awaiting chunk of an
// operation that has no pending ones, which stands for all of them. Each EXISTS uses the partial index
// of its state.
const isDue = `(c.state = '` + chunkPending + `' OR c.state = '` + chunkAwaiting + `'
  AND NOT EXISTS (SELECT FROM xforce.task_chunks p WHERE p.task_id = c.task_id AND p.state = '` + chunkPending + `')
  AND NOT EXISTS (SELECT FROM xforce.task_chunks p WHERE p.task_id = c.task_id AND p.state = '` + chunkAwaiting + `' AND p.seq < c.seq))`

// Parents says for what the records of an import that a foreign key or a lookup refused can wait.
type Parents struct {
	// Collections are the names of the collections over the tables to which the foreign keys and lookups refer: only their
	// imports can write the parents.
	Collections []string
	// Wait is how long an import waits for earlier ones, from when all its records were tried.
	Wait time.Duration
	// OneByOne tries the records of one chunk at a time, because the ledger orders them by chunks.
	OneByOne bool
}

// AwaitingError means that the records of a step await their parents from an earlier import that is
// not finished. The step is to be repeated After a time.
type AwaitingError struct {
	After time.Duration
	// collections are the names of the collections of the earlier imports, for people.
	collections string
}

// Error names the cause.
func (e *AwaitingError) Error() string {
	return "records await their parents from an earlier import that is not finished"
}

// AwaitingStep is a step with records of one or more chunks that a foreign key refused before.
type AwaitingStep struct {
	Step
	// Chunks are the chunks of the records, in order.
	Chunks []AwaitingChunk
	// Last is true if no other step can write the parents any more. The records that are refused again are then
	// to be rejected, unless the step writes one of the others, which may be their parent.
	Last bool

	// now is what the chunks are tried with.
	now tried
}

// AwaitingChunk is one chunk of an AwaitingStep.
type AwaitingChunk struct {
	Seq, FirstRow, Rows int
	Payload             []byte
	// Outcomes has the outcome of each row; Unprocessed for those that are tried again.
	Outcomes []operation.Outcome
}

// RunAwaiting tries records that a foreign key refused again, after all chunks of their import have
// been tried. The chunk stands for all awaiting ones. Work returns the outcomes of all records of
// step.Chunks, in order, and the rejections of the records that were tried.
//
// Records are tried until nothing more can be written, then rejected. While an import of the same
// tenant into one of the parents' collections that was accepted earlier is not finished, they are kept,
// and tried whenever it has written something: RunAwaiting returns an *AwaitingError meanwhile, and the
// operation's phase says for what it waits. That ends after the time parents.Wait.
func (s *Store) RunAwaiting(
	ctx context.Context, c job.Chunk, parents Parents, work func(context.Context, *AwaitingStep) (Effect, error),
) (Committed, error) {
	lock := func(ctx context.Context, tx *stepTx, c job.Chunk) (*AwaitingStep, error) {
		return lockAwaiting(ctx, tx, c, parents)
	}
	done, err := runLocked(ctx, s, c, lock, work, finishAwaiting)
	if awaiting, ok := errors.AsType[*AwaitingError](err); ok {
		err = errors.Join(err, s.showAwaiting(ctx, c.OperationID, awaiting.collections))
	}
	return done, err
}

// showAwaiting sets the operation's phase while it waits. The step itself is rolled back.
func (s *Store) showAwaiting(ctx context.Context, id uuid.UUID, collections string) error {
	const show = `
UPDATE xforce.tasks SET phase = $2, updated_at = clock_timestamp() WHERE task_id = $1 AND status = ANY ($3) AND phase IS DISTINCT FROM $2`
	phase := "Waiting for earlier imports into " + collections + ": a foreign key or a lookup refuses the remaining records so far"
	if _, err := s.pool.Exec(ctx, show, id, phase, liveStates); err != nil {
		return fmt.Errorf("storing for what the operation waits: %w", err)
	}
	return nil
}

// lockAwaiting locks the chunk's row, so that only one step of its import at a time tries awaiting
// records, and chooses the chunks to try.
func lockAwaiting(ctx context.Context, tx *stepTx, c job.Chunk, parents Parents) (*AwaitingStep, error) {
	const lock = `
SELECT t.number, coalesce(t.caller_role, ''), t.caller_claims, EXISTS (SELECT FROM xforce.ledger)
FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'awaiting' AND ` + isDue + ` AND t.status = ANY ($3) AND ` + notSuspected + `
FOR UPDATE OF c SKIP LOCKED`
	step := &AwaitingStep{Step: Step{chunk: c, tx: tx, awaiting: true}}
	err := tx.QueryRow(ctx, lock, c.OperationID, c.Seq, liveStates).
		Scan(&step.Number, &step.caller.Role, &step.caller.Claims, &step.ledgerFilled)
	if err != nil {
		return nil, fmt.Errorf("locking the chunk: %w", err)
	}
	seqs, err := step.choose(ctx, parents)
	if err != nil {
		return nil, err
	}
	step.place = slices.Min(seqs)
	return step, step.readChunks(ctx, seqs)
}

func (st *AwaitingStep) readChunks(ctx context.Context, seqs []int) error {
	const read = `
SELECT seq, first_row, row_count, payload, outcomes FROM xforce.task_chunks WHERE task_id = $1 AND seq = ANY ($2) ORDER BY seq`
	scan := func(row pgx.CollectableRow) (c AwaitingChunk, err error) {
		var outcomes []byte
		if err := row.Scan(&c.Seq, &c.FirstRow, &c.Rows, &c.Payload, &outcomes); err != nil {
			return c, err
		}
		c.Outcomes, err = chunk.OpenOutcomes(outcomes, c.Rows)
		return c, err
	}
	var err error
	st.Chunks, err = collect(ctx, st.tx, "reading awaiting chunks", scan, read, st.chunk.OperationID, seqs)
	return err
}

func finishAwaiting(ctx context.Context, step *AwaitingStep, effect Effect) (Committed, error) {
	var n operation.Counts
	chunks, rest := make([]steppedChunk, 0, len(step.Chunks)), effect.Outcomes
	for _, c := range step.Chunks {
		for i, outcome := range rest[:c.Rows] {
			if c.Outcomes[i] == operation.Unprocessed {
				n.Count(outcome, 1)
				n.Total++
			}
		}
		chunks = append(chunks, steppedChunk{seq: c.Seq, firstRow: c.FirstRow, rows: c.Rows, outcomes: rest[:c.Rows], tried: &step.now})
		rest = rest[c.Rows:]
	}
	if err := step.passOn(ctx); err != nil {
		return Committed{}, err
	}
	return finishChunks(ctx, &step.Step, chunks, n, effect)
}

// passOn ends the attempt of the chunk that stands for the others if its own records were not tried.
func (st *AwaitingStep) passOn(ctx context.Context) error {
	if slices.ContainsFunc(st.Chunks, func(c AwaitingChunk) bool { return c.Seq == st.chunk.Seq }) {
		return nil
	}
	const stepped = `UPDATE xforce.task_chunks SET steps = steps + 1, attempts = 0, lost_attempts = 0 WHERE task_id = $1 AND seq = $2`
	if _, err := st.tx.Exec(ctx, stepped, st.chunk.OperationID, st.chunk.Seq); err != nil {
		return fmt.Errorf("ending the attempt: %w", err)
	}
	return nil
}

// firstAwaiting selects the awaiting chunk of an operation that stands for all of them, if the
// operation has no pending one.
const firstAwaiting = `
SELECT c.seq, c.steps FROM xforce.task_chunks c
WHERE c.task_id = $1 AND c.state = 'awaiting' AND NOT EXISTS (SELECT FROM xforce.task_chunks WHERE task_id = $1 AND state = 'pending')
ORDER BY c.seq LIMIT 1`

// queueAwaiting adds the operation's first awaiting chunk to the chunks that became due with a step. It
// follows the statement that locks the operation's row, so that of concurrent steps the last one finds it.
func queueAwaiting(batch *pgx.Batch, id uuid.UUID, done *Committed) {
	batch.Queue(firstAwaiting, id).QueryRow(func(row pgx.Row) error {
		next := Next{Due: job.Due{Kind: job.Import, Chunk: job.Chunk{OperationID: id}}}
		err := row.Scan(&next.Seq, &next.Steps)
		if isNoRows(err) {
			return nil
		}
		done.Next = append(done.Next, next)
		return err
	})
}
