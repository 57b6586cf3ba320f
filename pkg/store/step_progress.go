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

// completedRow returns the arguments of insertProgress for a committed chunk.
func completedRow(step *Step, counts operation.Counts) ([]any, error) {
	record, err := json.Marshal(struct {
		Chunk    int `json:"chunk"`
		FirstRow int `json:"first_row"`
		LastRow  int `json:"last_row"`
		operation.Counts
	}{step.chunk.Seq, step.FirstRow, step.FirstRow + step.Rows - 1, counts})
	if err != nil {
		return nil, fmt.Errorf("describing the chunk: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("generating a progress id: %w", err)
	}
	return []any{id, step.chunk.OperationID, progressCompleted, record}, nil
}

// writeRejections copies one FAILED row for each rejected record.
func writeRejections(ctx context.Context, tx pgx.Tx, id uuid.UUID, rejections []operation.Rejection) error {
	if len(rejections) == 0 {
		return nil
	}
	columns := []string{"progress_id", "task_id", "status", "record", "row_number", "reasons", "received"}
	rows := pgx.CopyFromSlice(len(rejections), func(i int) ([]any, error) {
		r := rejections[i]
		progressID, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		row := int32(r.Row) //nolint:gosec // rows are bounded by INT columns
		return []any{progressID, id, progressFailed, asJSONB(r.Received), row, r.Reasons, r.Received}, nil
	})
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"xforce", "task_progress"}, columns, rows); err != nil {
		return fmt.Errorf("writing rejected records: %w", err)
	}
	return nil
}
