package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Step is one chunk of staged records, whose row is locked by this worker until the transaction
// ends.
type Step struct {
	// Number is the operation's place in the order of acceptance.
	Number   int64
	FirstRow int
	Rows     int
	Payload  []byte
	caller   access.Caller
	chunk    job.Chunk
	tx       *stepTx
	// awaiting is true for a step of RunAwaiting.
	awaiting bool
	// place is the number of the chunk by which the ledger orders the step's records.
	place int
	// ledgerFilled reports whether there was anything in the ledger when the step began. ledger is the name of its table there, empty
	// for one without. uncompared reports whether the step has a name there and wrote its rows without a look into it.
	ledgerFilled bool
	ledger       string
	uncompared   bool
}

// Effect is the result of a step's work.
type Effect struct {
	// Outcomes has the outcome of each row, in order. It is Unprocessed for a record that awaits its
	// parent: see Store.RunAwaiting.
	Outcomes []operation.Outcome
	// Rejections has one entry for every row whose outcome is Rejected.
	Rejections []operation.Rejection
	// Warnings are kept with the operation: see operation.Operation.
	Warnings []string
}

// Committed describes a committed step.
type Committed struct {
	Counts operation.Counts
	// Rejected is how many records were rejected, by the code of the first reason of each.
	Rejected map[string]int
	// State is the operation's state after the step.
	State operation.State
	// Failure is set if the step itself failed the operation; nil otherwise.
	Failure *operation.Failure
	// Next are the chunks that became due with the step.
	Next []Next
	// Warnings are those of the step that the operation did not have before.
	Warnings []string
	// Held reports whether chunks of the same owner and kind are held: see Store.Release.
	Held bool
}

// Next is a chunk that became due, and how many steps were done on it before: a search or a report
// takes all its steps on the same chunk.
type Next struct {
	job.Due
	Steps int
	// Whole and More are those of the queue entry: see job.Entry.
	Whole bool
	More  []uuid.UUID
}

// Entry returns the queue entry of the chunk.
func (n Next) Entry() job.Entry { return job.Entry{Chunk: n.Chunk, Whole: n.Whole, More: n.More} }

// errStopped rolls back a step whose operation was finished by someone else meanwhile.
var errStopped = errors.New("the operation is finished")

// stoppedIfNone returns errStopped if an UPDATE did not find the operation in a live state.
func stoppedIfNone(tag pgconn.CommandTag) error {
	if tag.RowsAffected() == 0 {
		return errStopped
	}
	return nil
}

// stoppedUnless does the same for an UPDATE of several operations.
func stoppedUnless(n int) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != int64(n) {
			return errStopped
		}
		return nil
	}
}

// stoppedIfNoRows does the same for an UPDATE with a RETURNING clause.
func stoppedIfNoRows(err error) error {
	if isNoRows(err) {
		return errStopped
	}
	return err
}

// runLocked runs one step of any kind in one transaction: lock locks the chunk's row, work does the
// work, finish writes its result. It returns ErrNothingDue if the chunk is done or its operation
// finished, and ErrLocked if another worker has the lock. A step whose answer to COMMIT is lost is
// successful if it was committed.
func runLocked[S, R any](
	ctx context.Context, s *Store, c job.Chunk,
	lock func(context.Context, *stepTx, job.Chunk) (S, error),
	work func(context.Context, S) (R, error),
	finish func(context.Context, S, R) (Committed, error),
) (done Committed, err error) {
	err = s.inStepTx(ctx, c, func(tx *stepTx) error {
		step, err := lock(ctx, tx, c)
		if err != nil {
			return err
		}
		result, err := work(ctx, step)
		if err != nil {
			return err
		}
		done, err = finish(ctx, step, result)
		return err
	})
	switch {
	case errors.Is(err, errStopped):
		return Committed{}, ErrNothingDue
	case isNoRows(err):
		return Committed{}, s.whyNotLocked(ctx, c, operation.Kinds()...)
	case err != nil:
		return Committed{}, err
	}
	return done, nil
}

// RunStep locks the chunk, runs work in the same transaction, and commits its effect, the
// rejections, the counts and the chunk's new state together. It returns ErrNothingDue if the chunk
// is done or its operation finished, and ErrLocked if another worker has locked the chunk.
func (s *Store) RunStep(ctx context.Context, c job.Chunk, work func(context.Context, *Step) (Effect, error)) (Committed, error) {
	return runLocked(ctx, s, c, lockStep, work, finishStep)
}

// notSuspected is true for a chunk without lost attempts, and locks out the other chunks of its kind
// that have some until the transaction ends: see Store.UncountAttempt.
const notSuspected = `
(c.lost_attempts = 0 OR pg_try_advisory_xact_lock(hashtext('longshore:lost_attempts'), hashtext(t.kind)))`

// lockStep locks the chunk's row if it is pending and not locked. Of the chunks with lost attempts it
// locks only one at a time.
func lockStep(ctx context.Context, tx *stepTx, c job.Chunk) (*Step, error) {
	const lock = `
SELECT t.number, coalesce(t.caller_role, ''), t.caller_claims, c.first_row, c.row_count, c.payload, EXISTS (SELECT FROM xforce.ledger)
FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'pending' AND t.status = ANY ($3) AND ` + notSuspected + `
FOR UPDATE OF c SKIP LOCKED`
	step := &Step{chunk: c, tx: tx, place: c.Seq}
	err := tx.QueryRow(ctx, lock, c.OperationID, c.Seq, liveStates).
		Scan(&step.Number, &step.caller.Role, &step.caller.Claims, &step.FirstRow, &step.Rows, &step.Payload, &step.ledgerFilled)
	if err != nil {
		return nil, fmt.Errorf("locking the chunk: %w", err)
	}
	return step, nil
}
