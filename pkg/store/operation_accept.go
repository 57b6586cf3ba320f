package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

const (
	insertAccepted = `
INSERT INTO xforce.tasks (task_id, task_reference, task_name, kind, collection, lanes, labels, retention, request,
  payload_digest, poll_deadline, request_id, owner, status, number, total_chunks, sealed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp() + $11::interval, $12, $13,
  'waiting', nextval('xforce.task_numbers'), 1, clock_timestamp())`

	insertOnlyChunk = `
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload) VALUES ($1, 0, 1, 0, '')`
)

// Accept stores an operation without staged records, such as a search or a report. It is in state
// waiting, with one chunk for all its steps. The error is ErrIDTaken if the draft's id is in use.
func (s *Store) Accept(ctx context.Context, draft Draft) (*operation.Operation, error) {
	id, err := draft.id()
	if err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue(insertAccepted, draft.columns(id)...)
		batch.Queue(insertOnlyChunk, id)
		return takenIfDuplicate(tx.SendBatch(ctx, &batch).Close())
	})
	if err != nil {
		return nil, fmt.Errorf("accepting a %s: %w", draft.Kind, unavailable(err))
	}
	return s.Operation(ctx, id)
}
