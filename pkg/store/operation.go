package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// readTimeout bounds one query of a reader: a client would rather be told to come back.
const readTimeout = 5 * time.Second

// What every reader of an operation reads. An upload that is still receiving is nobody's business. One whose retention is over is gone, also
// before the janitor has been there.
const (
	selectOperation = `SELECT ` + operationColumns + `, request, payload_digest FROM xforce.tasks WHERE status <> 'receiving' AND `

	// A list holds many operations, so what they were asked for is left out where it is large.
	selectListed = `SELECT ` + operationColumns + `, CASE WHEN pg_column_size(request) <= 4096 THEN request END, NULL::bytea
FROM xforce.tasks WHERE is_active AND (finished_at IS NULL OR finished_at + retention > clock_timestamp()) AND status <> 'receiving' AND `

	operationColumns = `task_id, task_reference, number, kind, coalesce(collection, ''), status,
  total_records, created_records, updated_records, superseded_records, failed_records,
  total_chunks, done_chunks, lanes, coalesce(progress, 0), coalesce(phase, ''), revision, labels, result,
  error_code, error_message, created_at, sealed_at, updated_at, started_at, finished_at,
  poll_deadline, retention, coalesce(expires_at, finished_at + retention),
  NOT is_active OR coalesce(finished_at + retention <= clock_timestamp(), FALSE)`
)

// Operation finds an operation by its id. A fault of kind NotFound means that there is none.
func (s *Store) Operation(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	return s.readOperation(ctx, selectOperation+`task_id = $1`, id)
}

// OperationByReference finds an import into a collection by the reference that the tools dialect shows.
func (s *Store) OperationByReference(ctx context.Context, collection, reference string) (*operation.Operation, error) {
	return s.readOperation(ctx, selectOperation+`kind = 'import' AND collection = $1 AND task_reference = $2`, collection, reference)
}

// OperationByNumber finds an operation by its place in the order of acceptance, which the tasks dialect shows.
func (s *Store) OperationByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	return s.readOperation(ctx, selectOperation+`number = $1`, number)
}

func (s *Store) readOperation(ctx context.Context, query string, args ...any) (*operation.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading an operation: %w", unavailable(err))
	}
	op, err := pgx.CollectExactlyOneRow(rows, scanOperation)
	if isNoRows(err) {
		return nil, fault.New(fault.NotFound, "operation-not-found",
			"There is no such operation. Check the address; it is the one in the Operation-Location header of the 202 answer.")
	}
	if err != nil {
		return nil, fmt.Errorf("reading an operation: %w", unavailable(err))
	}
	return op, nil
}

func scanOperation(row pgx.CollectableRow) (*operation.Operation, error) {
	var (
		op                                   operation.Operation
		errCode, errMessage                  *string
		started, finished, deadline, expires *time.Time
	)
	err := row.Scan(&op.ID, &op.Reference, &op.Number, &op.Kind, &op.Collection, &op.State,
		&op.Counts.Total, &op.Counts.Created, &op.Counts.Updated, &op.Counts.Superseded, &op.Counts.Failed,
		&op.Chunks, &op.DoneChunks, &op.Lanes, &op.Progress, &op.Phase, &op.Revision, &op.Labels, &op.Result,
		&errCode, &errMessage, &op.CreatedAt, &op.SealedAt, &op.UpdatedAt, &started, &finished,
		&deadline, &op.Retention, &expires, &op.Expired, &op.Request, &op.PayloadDigest)
	if err != nil {
		return nil, err
	}
	if errCode != nil && errMessage != nil {
		op.Failure = &operation.Failure{Code: *errCode, Message: *errMessage}
	}
	op.StartedAt, op.FinishedAt = unlessNull(started), unlessNull(finished)
	op.PollDeadline, op.ExpiresAt = unlessNull(deadline), unlessNull(expires)
	return &op, nil
}

func unlessNull(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
