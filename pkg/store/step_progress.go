package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
)

// The values of xforce.task_progress.status, which seed 000 prescribes.
const (
	progressCompleted = "COMPLETED"
	progressFailed    = "FAILED"
)

const insertProgress = `
INSERT INTO xforce.task_progress (progress_id, task_id, status, record) VALUES ($1, $2, $3, $4)`

// completedRow returns the arguments of insertProgress for a chunk that is done.
func completedRow(operationID uuid.UUID, c steppedChunk, counts operation.Counts) ([]any, error) {
	id, record, err := completedRecord(c, counts)
	return []any{id, operationID, progressCompleted, record}, err
}

// completedRecord returns the id and the record of a row for a chunk that is done.
func completedRecord(c steppedChunk, counts operation.Counts) (id uuid.UUID, record []byte, err error) {
	record, err = json.Marshal(struct {
		Chunk    int `json:"chunk"`
		FirstRow int `json:"first_row"`
		LastRow  int `json:"last_row"`
		operation.Counts
	}{c.seq, c.firstRow, c.firstRow + c.rows - 1, counts})
	if err != nil {
		return id, nil, fmt.Errorf("describing the chunk: %w", err)
	}
	if id, err = uuid.NewV7(); err != nil {
		return id, nil, fmt.Errorf("generating a progress id: %w", err)
	}
	return id, record, nil
}

// insertRejections is not a COPY, which Postgres refuses where row-level security is active.
const insertRejections = `
INSERT INTO xforce.task_progress (progress_id, task_id, status, record, row_number, reasons, received)
SELECT progress_id, $1, $2, record, row_number, reasons, received
FROM unnest($3::uuid[], $4::jsonb[], $5::int[], $6::jsonb[], $7::bytea[]) AS r (progress_id, record, row_number, reasons, received)`

// writeRejections writes one FAILED row for each rejected record.
func writeRejections(ctx context.Context, tx pgx.Tx, id uuid.UUID, rejections []operation.Rejection) error {
	if len(rejections) == 0 {
		return nil
	}
	var (
		ids               = make([]uuid.UUID, len(rejections))
		rows              = make([]int32, len(rejections))
		records, received = make([][]byte, len(rejections)), make([][]byte, len(rejections))
		reasons           = make([][]operation.Reason, len(rejections))
	)
	for i, r := range rejections {
		var err error
		if ids[i], err = uuid.NewV7(); err != nil {
			return fmt.Errorf("generating a progress id: %w", err)
		}
		rows[i] = int32(r.Row) //nolint:gosec // rows are bounded by INT columns
		records[i], received[i], reasons[i] = asJSONB(r.Received), r.Received, r.Reasons
	}
	if _, err := tx.Exec(ctx, insertRejections, id, progressFailed, ids, records, rows, reasons, received); err != nil {
		return fmt.Errorf("writing rejected records: %w", err)
	}
	return nil
}
