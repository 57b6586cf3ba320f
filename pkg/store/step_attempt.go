package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

const (
	// uncountTimeout bounds UncountAttempt, which waits for the lock on the chunk's row and for a
	// Postgres that restarts.
	uncountTimeout = 15 * time.Second
	// uncountTimeoutAtEnd is the same for a worker that stops. It is below the time that the
	// queue gives handlers to clean up.
	uncountTimeoutAtEnd = 2 * time.Second
	// uncountRetryDelay is the delay between two tries of UncountAttempt.
	uncountRetryDelay = 250 * time.Millisecond
)

// The attempt is counted before the step and in its own transaction, so that it is counted even if
// the chunk kills its worker, or crashes Postgres.
//
// The transaction is durable if clients see the operation change to running, because after a crash of
// Postgres no revision may be given twice. It is durable too if the chunk was attempted before. If a
// crash makes Postgres forget a first attempt, UncountAttempt counts it. If its worker is killed together
// with Postgres, it stays forgotten; but the operation has started before the new run of Postgres, and then all
// its attempts are durable, so that only one is forgotten.
const (
	countAttempt = `
WITH due AS (
  SELECT c.task_id, c.seq, t.status, t.collection, t.tenant, t.collection_version, t.write_options, t.request_id, t.owner, t.traceparent, t.caller_role, t.caller_claims,
    t.started_at > (SELECT begun_at FROM xforce.server_runs) AS in_this_run
  FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
  WHERE c.task_id = $1 AND c.seq = $2 AND ` + isDue + ` AND t.status = ANY ($3) AND t.kind = $4
  FOR UPDATE OF c SKIP LOCKED)
UPDATE xforce.task_chunks c SET attempts = c.attempts + 1
FROM due WHERE c.task_id = due.task_id AND c.seq = due.seq
RETURNING c.attempts, c.lost_attempts, c.state = 'awaiting', due.collection, due.tenant, coalesce(due.collection_version, 0), coalesce(due.write_options, '{}'), coalesce(due.request_id, ''), coalesce(due.owner, ''), coalesce(due.traceparent, ''),
  coalesce(due.caller_role, ''), due.caller_claims,
  CASE WHEN c.attempts = 1 AND due.status = $5 AND due.in_this_run THEN ` + notDurable + ` END`

	markRunning = `
UPDATE xforce.tasks SET status = $2, started_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = ANY ($1) AND status = ANY ($3) AND kind = $4`
)

// Attempt describes a chunk that a worker is about to process.
type Attempt struct {
	// Collection is the collection whose table the operation reads or writes.
	Collection CollectionRef
	// Count is the number of attempts, including this one. Lost is how many of them lost their session
	// in a crash of Postgres that the chunk may have caused.
	Count, Lost int
	// Awaiting is true if all records of the chunk were tried and some await their parents: see
	// Store.RunAwaiting.
	Awaiting bool
	// RequestID is the id of the request that started the operation, for the log; empty if there is
	// none.
	RequestID string
	// Traceparent is the trace context of that request; empty if it was not traced.
	Traceparent string
	// Owner is the client that started the operation; empty if there is none.
	Owner string
	// Writing is what the request says about how the records of an import are written.
	Writing collection.Writing
	// Caller is on whose behalf the collection's table is read and written.
	Caller access.Caller
	// serverRun identifies the run of Postgres in which the attempt began.
	serverRun uuid.UUID
}

// BeginAttempt counts an attempt to process the chunk and marks its operation as running. It
// returns ErrNothingDue or ErrLocked if the chunk can't be processed. It also returns ErrNothingDue
// if the operation is not of the kind, so that an entry in the wrong queue has no effect.
func (s *Store) BeginAttempt(ctx context.Context, c job.Chunk, kind operation.Kind) (attempt Attempt, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue(countAttempt, c.OperationID, c.Seq, liveStates, kind, operation.Running).QueryRow(func(row pgx.Row) error {
			return row.Scan(&attempt.Count, &attempt.Lost, &attempt.Awaiting, &attempt.Collection.Name, &attempt.Collection.Tenant, &attempt.Collection.Version, &attempt.Writing, &attempt.RequestID, &attempt.Owner, &attempt.Traceparent,
				&attempt.Caller.Role, &attempt.Caller.Claims, nil)
		})
		batch.Queue(markRunning, []uuid.UUID{c.OperationID}, operation.Running, statesBefore(operation.Running), kind)
		batch.Queue(selectServerRun).QueryRow(func(row pgx.Row) error {
			if err := row.Scan(&attempt.serverRun); !isNoRows(err) {
				return err
			}
			return nil // the first attempt since a crash
		})
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil || attempt.serverRun != uuid.Nil {
			return err
		}
		attempt.serverRun, err = beginServerRun(ctx, tx)
		return err
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
  WHERE c.task_id = $1 AND c.seq = $2 AND ` + isDue + ` AND t.status = ANY ($3) AND t.kind = ANY ($4))`
	var pending bool
	if err := s.pool.QueryRow(ctx, isPending, c.OperationID, c.Seq, liveStates, kinds).Scan(&pending); err != nil {
		return fmt.Errorf("reading the chunk's state: %w", err)
	}
	if pending {
		return ErrLocked
	}
	return ErrNothingDue
}

// An attempt stays counted, as lost, if Postgres has crashed since it began. $5 is its count, which
// the crash may have made Postgres forget.
const uncountAttempt = `
WITH ended AS (SELECT $3 AND NOT EXISTS (SELECT FROM xforce.server_runs WHERE id = $4) AS in_crash)
UPDATE xforce.task_chunks SET
  attempts = CASE WHEN in_crash THEN greatest(attempts, $5) ELSE greatest(attempts - 1, 0) END, lost_attempts = lost_attempts + CASE WHEN in_crash THEN 1 ELSE 0 END
FROM ended WHERE task_id = $1 AND seq = $2 AND state <> 'done' AND (attempts > 0 OR in_crash)
RETURNING in_crash`

// UncountAttempt subtracts an attempt that failed for a reason outside of the chunk: the cause is a
// transient error, such as that of a database restart. It tries again while Postgres is away.
//
// The chunk itself may have crashed Postgres. The session of the process that crashes breaks without a
// message, whereas Postgres announces the end of the other sessions (session.EndAnnouncedError). A broken network
// sends no message either, so the attempt is only kept, as lost, if Postgres has really crashed since
// it began; then lost is true. When the whole server is killed, and behind a pooler, no session gets an
// announcement, and the chunk that caused the crash looks like the others. Chunks with lost attempts
// are therefore processed one at a time (see lockStep): the next crash hits only the one that causes
// it, and the others pass.
func (s *Store) UncountAttempt(ctx context.Context, c job.Chunk, attempt Attempt, cause error) (lost bool, err error) {
	limit := uncountTimeout
	if errors.Is(ctx.Err(), context.Canceled) {
		limit = uncountTimeoutAtEnd
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit) // the step may have been cancelled
	defer cancel()
	for {
		err = s.pool.QueryRow(ctx, uncountAttempt, c.OperationID, c.Seq, mayHaveCrashed(cause), attempt.serverRun, attempt.Count).Scan(&lost)
		if isNoRows(err) { // done or finished meanwhile
			return false, nil
		}
		if err == nil {
			return lost, nil
		}
		select {
		case <-time.After(uncountRetryDelay):
		case <-ctx.Done():
		}
		if ctx.Err() != nil || !IsTransient(err) {
			return false, fmt.Errorf("uncounting an attempt: %w", err)
		}
	}
}
