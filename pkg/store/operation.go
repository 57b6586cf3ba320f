package store

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// now is the time at the start of a statement. A condition that calls clock_timestamp itself can't use
// an index, because the function is volatile: its value may change from row to row.
const now = `(SELECT clock_timestamp()::timestamp)`

// All reads of operations use these columns. An upload in state receiving is invisible. An
// operation whose retention has passed counts as expired, even if the janitor has not processed it
// yet.
const (
	selectOperation = `SELECT ` + operationColumns + `, request, payload_digest FROM xforce.tasks WHERE status <> 'receiving' AND {mine} AND `

	operationColumns = `task_id, tenant, public_id, public_number, task_reference, number, kind, coalesce(collection, ''), status,
  total_records, created_records, updated_records, superseded_records, failed_records,
  total_chunks, done_chunks, lanes, coalesce(progress, 0), coalesce(phase, ''), revision, labels, result, warnings,
  error_code, error_message, created_at, sealed_at, updated_at, started_at, finished_at,
  coalesce(principal, ''), coalesce(caller_role, ''), caller_claims, poll_deadline, retention, coalesce(expires_at, finished_at + retention),
  NOT is_active OR coalesce(finished_at + retention <= clock_timestamp(), FALSE)`
)

// Operation returns the operation with the id: the public one in a store for clients. A fault of kind
// NotFound means that it does not exist.
func (s *Store) Operation(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	internal, err := s.internalID(ctx, id)
	if err != nil {
		return nil, err
	}
	r := &reading{ctx: ctx, id: internal}
	s.readings.Do(strings.Join(access.Tenants(ctx), " "), r)
	return r.op, r.err
}

// internalID returns the internal id of the operation for which a call names the id: in a store for
// clients that is the public one.
func (s *Store) internalID(ctx context.Context, id uuid.UUID) (uuid.UUID, error) {
	sc, err := s.scopeOf(ctx)
	if err != nil || sc.all {
		return id, err
	}
	tenant, err := sc.tenant("")
	if err != nil {
		return uuid.Nil, err
	}
	return operation.IDIn(tenant, id), nil
}

// Operations returns those of the operations that exist, by internal id, in one query.
func (s *Store) Operations(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*operation.Operation, error) {
	found, err := collectMine(ctx, s, "reading operations", scanOperation, selectOperation+`task_id = ANY ($1)`, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[uuid.UUID]*operation.Operation, len(found))
	for _, op := range found {
		byID[op.ID] = op
	}
	return byID, nil
}

// OperationByReference returns the import into the collection that has the reference, as in the
// addresses of package imports.
func (s *Store) OperationByReference(ctx context.Context, collection, reference string) (*operation.Operation, error) {
	r := &reading{ctx: ctx, reference: reference}
	s.readings.Do(strings.Join(access.Tenants(ctx), " "), r)
	if r.err == nil && (r.op.Kind != operation.Import || r.op.Collection != collection) {
		return nil, OperationNotFound()
	}
	return r.op, r.err
}

// OperationByNumber returns the operation with the number: in a store for clients the one that the
// tasks dialect shows, in others its place in the order of acceptance.
func (s *Store) OperationByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	tenant, err := sc.tenant("")
	if err != nil {
		return nil, err
	}
	return s.readOperation(ctx, selectOperation+numberColumn(tenant)+` = $1`, number)
}

// numberColumn returns the column with the numbers that clients of a tenant use.
func numberColumn(tenant string) string {
	if tenant == access.DefaultTenant {
		return "number"
	}
	return "public_number"
}

func (s *Store) readOperation(ctx context.Context, query string, args ...any) (*operation.Operation, error) {
	found, err := collectMine(ctx, s, "reading an operation", scanOperation, query, args...)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, OperationNotFound()
	}
	return found[0], nil
}

// OperationNotFound returns the fault for an operation that does not exist.
func OperationNotFound() error {
	return fault.New(fault.NotFound, "operation-not-found",
		"There is no such operation. Check the address; it is the one in the Operation-Location header of the 202 answer.")
}

func scanOperation(row pgx.CollectableRow) (*operation.Operation, error) {
	return scanOperationAnd(row)
}

// scanOperationAnd scans the columns of an operation and those that follow them.
func scanOperationAnd(row pgx.CollectableRow, following ...any) (*operation.Operation, error) {
	var (
		op                                   operation.Operation
		errCode, errMessage                  *string
		started, finished, deadline, expires *time.Time
		publicID                             *uuid.UUID
		publicNumber                         *int64
	)
	columns := append([]any{
		&op.ID, &op.Tenant, &publicID, &publicNumber, &op.Reference, &op.Number, &op.Kind, &op.Collection, &op.State,
		&op.Counts.Total, &op.Counts.Created, &op.Counts.Updated, &op.Counts.Superseded, &op.Counts.Failed,
		&op.Chunks, &op.DoneChunks, &op.Lanes, &op.Progress, &op.Phase, &op.Revision, &op.Labels, &op.Result, &op.Warnings,
		&errCode, &errMessage, &op.CreatedAt, &op.SealedAt, &op.UpdatedAt, &started, &finished,
		&op.Principal, &op.Caller.Role, &op.Caller.Claims, &deadline, &op.Retention, &expires, &op.Expired, &op.Request, &op.PayloadDigest,
	}, following...)
	if err := row.Scan(columns...); err != nil {
		return nil, err
	}
	if errCode != nil && errMessage != nil {
		op.Failure = &operation.Failure{Code: *errCode, Message: *errMessage}
	}
	if publicID != nil {
		op.PublicID = *publicID
	}
	if publicNumber != nil {
		op.PublicNumber = *publicNumber
	}
	op.StartedAt, op.FinishedAt = zeroIfNull(started), zeroIfNull(finished)
	op.PollDeadline, op.ExpiresAt = zeroIfNull(deadline), zeroIfNull(expires)
	return &op, nil
}

func zeroIfNull(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// requireKept returns a fault of kind Gone if the operation was pruned or has expired. Readers of
// records call it at the end, because deleted records look like the end of the list.
func (s *Store) requireKept(ctx context.Context, id uuid.UUID) error {
	const isKept = `SELECT TRUE FROM xforce.tasks WHERE task_id = $1 AND is_active AND {mine}`
	kept, err := collectMine(ctx, s, "checking whether the operation is kept", pgx.RowTo[bool], isKept, id)
	if err != nil {
		return err
	}
	if len(kept) == 0 {
		return fault.New(fault.Gone, "operation-expired", "The operation was deleted while its records were read. What was read is not all.")
	}
	return nil
}
