package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Cancel stops an operation, which its internal id names, with a single UPDATE: after it commits no step can commit, and
// everything committed before is counted exactly. It returns the operation and whether this call
// cancelled it; a finished operation is not changed.
func (s *Store) Cancel(ctx context.Context, id uuid.UUID) (op *operation.Operation, cancelled bool, err error) {
	const cancel = `
UPDATE xforce.tasks SET phase = NULL, status = $2, finished_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($3) AND {mine}`
	cancelled, err = s.control(ctx, "cancelling an operation", id, `status = 'cancelled'`, &op,
		cancel, id, operation.Cancelled, statesBefore(operation.Cancelled))
	return op, cancelled, err
}

// CancelOf stops the unfinished operations that a principal has started, and returns how many it stopped.
func (s *Store) CancelOf(ctx context.Context, principal string) (cancelled int, err error) {
	const (
		batchSize = 500
		cancelOf  = `
UPDATE xforce.tasks SET phase = NULL, status = $2, finished_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id IN (
  SELECT task_id FROM xforce.tasks
  WHERE status IN ('waiting', 'running') -- the condition of the partial index
    AND principal = $1 AND status = ANY ($3) AND {mine}
  ORDER BY task_id LIMIT $4 FOR NO KEY UPDATE) AND {mine}`
	)
	for {
		ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
		var changed int64
		err := s.inTx(ctx, func(tx pgx.Tx) (err error) {
			changed, err = s.execMine(ctx, tx, cancelOf, principal, operation.Cancelled, statesBefore(operation.Cancelled), batchSize)
			return err
		})
		cancel()
		cancelled += int(changed)
		if err != nil {
			return cancelled, fmt.Errorf("cancelling the operations of a principal: %w", ClientError(err))
		}
		if changed < batchSize {
			return cancelled, nil
		}
	}
}

// Prune turns a finished operation, which its internal id names, into a tombstone, whose dependent rows the janitor deletes. It
// reports whether this call did so; an unfinished operation is not changed.
func (s *Store) Prune(ctx context.Context, id uuid.UUID) (bool, error) {
	const prune = `
UPDATE xforce.tasks SET is_active = FALSE, expires_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($2) AND is_active AND {mine}`
	var op *operation.Operation
	return s.control(ctx, "pruning an operation", id, `NOT is_active`, &op, prune, id, finishedStates)
}

// lockRevision locks an operation and selects its revision, which is its tag.
const lockRevision = `SELECT revision::text, updated_at FROM xforce.tasks WHERE task_id = $1 AND {mine} FOR NO KEY UPDATE`

// control runs an UPDATE of an operation for a client, if the condition of the request holds. It reports whether the operation changed, and
// sets *op to the operation after the UPDATE. The error is a fault of kind NotFound if there is none.
func (s *Store) control(
	ctx context.Context, doing string, id uuid.UUID, visible string, op **operation.Operation, statement string, args ...any,
) (changed bool, err error) {
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return false, err
	}
	err = s.perform(ctx, write{
		doing: doing, id: id, visible: visible, advice: repeatOrLook,
		work: func(ctx context.Context, tx pgx.Tx, batch *pgx.Batch) error {
			lock, lockArgs := sc.limit(lockRevision, []any{id})
			if err := checkCondition(ctx, tx, lock, lockArgs...); err != nil {
				return err
			}
			sc.queue(batch, statement, args...).Exec(func(tag pgconn.CommandTag) error {
				changed = tag.RowsAffected() > 0
				return nil
			})
			queueOperation(sc, batch, op, OperationNotFound(), selectOperation+`task_id = $1`, id)
			return nil
		},
	})
	return changed, err
}

// Polled extends the poll deadlines of operations that clients must poll, to at least within from
// now. It sets the deadline 5 % later than that, so that a client that polls many times a second
// does not cause as many writes. It does not wait for a standby: a read must not depend on one, and
// after a failover the next poll extends the deadline again.
func (s *Store) Polled(ctx context.Context, ids []uuid.UUID, within time.Duration) error {
	const polled = `
UPDATE xforce.tasks SET poll_deadline = clock_timestamp() + $2::interval * 1.05
WHERE task_id = ANY ($1) AND poll_deadline < ` + now + ` + $2::interval AND status = ANY ($3) AND {mine}`
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue(`SET LOCAL synchronous_commit = local`)
		sc.queue(&batch, polled, ids, within, liveStates)
		return tx.SendBatch(ctx, &batch).Close()
	})
	if err != nil {
		return fmt.Errorf("extending a poll deadline: %w", ClientError(err))
	}
	return nil
}

const failOperation = `
UPDATE xforce.tasks SET phase = NULL, status = $2, error_code = $3, error_message = $4,
  finished_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND status = ANY ($5)`

// Fail ends an operation that can't be completed. What was committed stays and is counted. It
// reports whether this call failed the operation; a finished operation is not changed.
func (s *Store) Fail(ctx context.Context, c job.Chunk, why operation.Failure) (bool, error) {
	failed, err := s.pool.Exec(ctx, failOperation, c.OperationID, operation.Failed, why.Code, why.Message, statesBefore(operation.Failed))
	if err != nil {
		return false, fmt.Errorf("failing the operation: %w", err)
	}
	return failed.RowsAffected() > 0, nil
}
