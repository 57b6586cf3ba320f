package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// uncountTimeout bounds UncountAttempt, which waits for the lock on the chunk's row.
const uncountTimeout = 5 * time.Second

// The attempt is counted before the step and in its own transaction, so that it is counted even if
// the chunk kills its worker. The count need not survive a crash of Postgres, hence
// synchronous_commit is off.
const (
	skipDurability = `SET LOCAL synchronous_commit = off`

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

// Attempt describes a chunk that a worker is about to process.
type Attempt struct {
	// Collection is the target of the chunk's records.
	Collection string
	// Count is the number of attempts, including this one.
	Count int
	// RequestID is the id of the request that started the operation, for the log; empty if there is
	// none.
	RequestID string
}

// BeginAttempt counts an attempt to process the chunk and marks its operation as running. It
// returns ErrNothingDue or ErrLocked if the chunk can't be processed. It also returns ErrNothingDue
// if the operation is not of the kind, so that an entry in the wrong queue has no effect.
func (s *Store) BeginAttempt(ctx context.Context, c job.Chunk, kind operation.Kind) (attempt Attempt, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue(skipDurability)
		batch.Queue(countAttempt, c.OperationID, c.Seq, liveStates, kind).QueryRow(func(row pgx.Row) error {
			return row.Scan(&attempt.Count, &attempt.Collection, &attempt.RequestID)
		})
		batch.Queue(markRunning, c.OperationID, operation.Running, statesBefore(operation.Running), kind)
		return tx.SendBatch(ctx, &batch).Close()
	})
	if isNoRows(err) {
		return Attempt{}, s.whyNotLocked(ctx, c, kind)
	}
	if err != nil {
		return Attempt{}, fmt.Errorf("counting an attempt: %w", err)
	}
	return attempt, nil
}

// whyNotLocked returns ErrLocked if the chunk is pending, and ErrNothingDue if it is not.
func (s *Store) whyNotLocked(ctx context.Context, c job.Chunk, kinds ...operation.Kind) error {
	const isPending = `
SELECT EXISTS (SELECT FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
  WHERE c.task_id = $1 AND c.seq = $2 AND c.state = 'pending' AND t.status = ANY ($3) AND t.kind = ANY ($4))`
	var pending bool
	if err := s.pool.QueryRow(ctx, isPending, c.OperationID, c.Seq, liveStates, kinds).Scan(&pending); err != nil {
		return fmt.Errorf("reading the chunk's state: %w", err)
	}
	if pending {
		return ErrLocked
	}
	return ErrNothingDue
}

// UncountAttempt subtracts an attempt that failed for a reason outside of the chunk, such as a
// database restart.
func (s *Store) UncountAttempt(ctx context.Context, c job.Chunk) error {
	const uncount = `
UPDATE xforce.task_chunks SET attempts = attempts - 1
WHERE task_id = $1 AND seq = $2 AND state = 'pending' AND attempts > 0`
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), uncountTimeout) // the step may have been cancelled
	defer cancel()
	if _, err := s.pool.Exec(ctx, uncount, c.OperationID, c.Seq); err != nil {
		return fmt.Errorf("uncounting an attempt: %w", err)
	}
	return nil
}
