package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/s2"
)

// The stages of an operation's output.
const (
	// RowsStage has records, one JSON text per line.
	RowsStage = "rows"
	// FileStage has the bytes of a file.
	FileStage = "file"
	// KeysStage has the keys of the best records that a sorted search has found so far, one JSON
	// text per line.
	KeysStage = "keys"
)

// OutputBlock is a stretch of an operation's output. Blocks of a few hundred KiB are read and
// written quickly.
type OutputBlock struct {
	// Seq counts from 0 within the stage.
	Seq int
	// Rows is the number of records in the block; 0 in a file.
	Rows int
	// Offset is the position of the block's first byte in the stage.
	Offset int64
	Bytes  []byte
}

const (
	insertOutput = `
INSERT INTO xforce.task_outputs (task_id, stage, seq, row_count, byte_offset, byte_count, payload) VALUES ($1, $2, $3, $4, $5, $6, $7)`

	// Output is added only to live operations: the output of a pruned or cancelled one is deleted
	// only once.
	insertLiveOutput = `
INSERT INTO xforce.task_outputs (task_id, stage, seq, row_count, byte_offset, byte_count, payload)
SELECT $1, $2, $3, $4, $5, $6, $7 FROM xforce.tasks WHERE task_id = $1 AND status = ANY ($8) FOR SHARE`
)

// Append writes the next block of output as part of the step.
func (t *ResumableStep) Append(ctx context.Context, stage string, b OutputBlock) error {
	_, err := t.tx.Exec(ctx, insertOutput, t.ID, stage, b.Seq, b.Rows, b.Offset, len(b.Bytes), s2.Encode(nil, b.Bytes))
	if err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	return nil
}

// Clear deletes the output of a stage as part of the step.
func (t *ResumableStep) Clear(ctx context.Context, stage string) error {
	const deleteOutputs = `DELETE FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2`
	if _, err := t.tx.Exec(ctx, deleteOutputs, t.ID, stage); err != nil {
		return fmt.Errorf("deleting output: %w", err)
	}
	return nil
}

// Outputs returns the blocks of a stage in order, from seq on, at most limit of them, as part of
// the step.
func (t *ResumableStep) Outputs(ctx context.Context, stage string, from, limit int) ([]OutputBlock, error) {
	return readOutputs(ctx, t.tx, scope{all: true}, t.ID, stage, from, limit)
}

// AppendOutput writes the next block of a live operation's output in its own transaction, for the
// work of a long step. It returns ErrNothingDue if the operation is not live.
func (s *Store) AppendOutput(ctx context.Context, id uuid.UUID, stage string, b OutputBlock) error {
	tag, err := s.pool.Exec(ctx, insertLiveOutput, id, stage, b.Seq, b.Rows, b.Offset, len(b.Bytes), s2.Encode(nil, b.Bytes), liveStates)
	if err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNothingDue
	}
	return nil
}

// Outputs returns the blocks of a stage in order, from seq on, at most limit of them.
func (s *Store) Outputs(ctx context.Context, id uuid.UUID, stage string, from, limit int) ([]OutputBlock, error) {
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	return readOutputs(ctx, s.pool, sc, id, stage, from, limit)
}

// OutputAt returns the block of a stage that contains the byte at offset; nil if the stage is
// shorter.
func (s *Store) OutputAt(ctx context.Context, id uuid.UUID, stage string, offset int64) (*OutputBlock, error) {
	const at = selectOutputs + ` AND seq = (
  SELECT max(seq) FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2 AND byte_offset <= $3)`
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return nil, err
	}
	blocks, err := queryOutputs(ctx, s.pool, sc, at, id, stage, offset)
	if err != nil || len(blocks) == 0 || offset >= blocks[0].Offset+int64(len(blocks[0].Bytes)) {
		return nil, err
	}
	return &blocks[0], nil
}

const selectOutputs = `
SELECT seq, row_count, byte_offset, payload FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2 AND {mine $1}`

func readOutputs(ctx context.Context, db executor, sc scope, id uuid.UUID, stage string, from, limit int) ([]OutputBlock, error) {
	return queryOutputs(ctx, db, sc, selectOutputs+` AND seq >= $3 ORDER BY seq LIMIT $4`, id, stage, from, limit)
}

func queryOutputs(ctx context.Context, db executor, sc scope, query string, args ...any) ([]OutputBlock, error) {
	scan := func(row pgx.CollectableRow) (b OutputBlock, err error) {
		var compressed []byte
		if err := row.Scan(&b.Seq, &b.Rows, &b.Offset, &compressed); err != nil {
			return b, err
		}
		b.Bytes, err = s2.Decode(nil, compressed)
		return b, err
	}
	query, args = sc.limit(query, args)
	return collectForClient(ctx, db, "reading output", scan, query, args...)
}
