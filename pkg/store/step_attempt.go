package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/job"
)

// What a worker is told when it can't take a chunk.
var (
	// ErrNothingDue: the chunk is done, or its operation is finished or gone. Acknowledge and go.
	ErrNothingDue = errors.New("nothing is due for this chunk")
	// ErrHeld: somebody else holds the chunk just now. Should it let go without an effect, the chunk is due again.
	ErrLocked = errors.New("the chunk is held by another worker")
)

// forgiveTimeout bounds taking an attempt back, which waits for whoever holds the chunk.
const forgiveTimeout = 5 * time.Second

// The attempt is counted before the step and in a transaction of its own, so that a chunk that kills its worker is counted too.
// It need not survive a crash of Postgres, hence no wait for the disk.
const (
	forgoDurability = `SET LOCAL synchronous_commit = off`

	countAttempt = `
WITH due AS (
  SELECT c.task_id, c.seq, t.collection, t.request_id FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
  WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'pending' AND t.status = ANY ($3) AND t.kind = $4
  FOR UPDATE OF c SKIP LOCKED)
UPDATE xforce.task_chunks c SET attempts = c.attempts + 1
FROM due WHERE c.task_id = due.task_id AND c.seq = due.seq
RETURNING c.attempts, due.collection, coalesce(due.request_id, '')`

	markRunning = `
UPDATE xforce.tasks SET status = $2, started_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($3) AND kind = $4`
)

// Attempt is a chunk that a worker is about to take.
type Attempt struct {
	// Collection is where the chunk's records go.
	Collection string
	// Count is how many attempts there were, this one included.
	Count int
	// RequestID is the id of the request that began the operation, for the log; empty if it had none.
	RequestID string
}

// BeginAttempt counts an attempt at the chunk of an operation of the kind and marks the operation as running. It returns ErrNothingDue or
// ErrHeld when the chunk can't be taken: an entry that strayed into the queue of another kind is none of the worker's business.
func (s *Store) BeginAttempt(ctx context.Context, c job.Chunk, kind operation.Kind) (begun Attempt, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue(forgoDurability)
		batch.Queue(countAttempt, c.OperationID, c.Seq, liveStates, kind).QueryRow(func(row pgx.Row) error {
			return row.Scan(&begun.Count, &begun.Collection, &begun.RequestID)
		})
		batch.Queue(markRunning, c.OperationID, operation.Running, statesBefore(operation.Running), kind)
		return tx.SendBatch(ctx, &batch).Close()
	})
	if isNoRows(err) {
		return Attempt{}, s.whyNotDue(ctx, c, kind)
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("counting an attempt: %w", err)
	}
	return begun, nil
}

// whyNotDue tells a chunk that is held from one that needs nobody.
func (s *Store) whyNotDue(ctx context.Context, c job.Chunk, kinds ...operation.Kind) error {
	const isPending = `
SELECT EXISTS (SELECT FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
  WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'pending' AND t.status = ANY ($3) AND t.kind = ANY ($4))`
	if len(kinds) == 0 {
		kinds = operation.Kinds()
	}
	var pending bool
	if err := s.pool.QueryRow(ctx, isPending, c.OperationID, c.Seq, liveStates, kinds).Scan(&pending); err != nil {
		return fmt.Errorf("looking at the chunk: %w", err)
	}
	if pending {
		return ErrLocked
	}
	return ErrNothingDue
}

// UncountAttempt takes back an attempt that failed for no fault of the chunk, such as a database that went away.
func (s *Store) UncountAttempt(ctx context.Context, c job.Chunk) error {
	const forgive = `
UPDATE xforce.task_chunks SET attempts = attempts - 1
WHERE task_id = $1 AND seq = $2 AND state = 'pending' AND attempts > 0`
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgiveTimeout) // also when the step was cancelled
	defer cancel()
	if _, err := s.pool.Exec(ctx, forgive, c.OperationID, c.Seq); err != nil {
		return fmt.Errorf("forgiving an attempt: %w", err)
	}
	return nil
}
