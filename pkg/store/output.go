package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/klauspost/compress/s2"
)

// The stages of an operation's output.
const (
	// RowsStage holds records, one JSON text per line.
	RowsStage = "rows"
	// FileStage holds the bytes of a file.
	FileStage = "file"
	// KeysStage holds the keys of the best records that a sorted search has seen so far, one JSON text per line.
	KeysStage = "keys"
)

// OutputBlock is a stretch of an operation's output. Pieces of a few hundred KiB are read and written quickly.
type OutputBlock struct {
	// Seq counts from 0 within its stage.
	Seq int
	// Rows is how many records it holds, if it holds records.
	Rows int
	// Offset is the place of its first byte in the stage.
	Offset int64
	Bytes  []byte
}

const (
	insertOutput = `
INSERT INTO xforce.task_outputs (task_id, stage, seq, row_count, byte_offset, byte_count, payload) VALUES ($1, $2, $3, $4, $5, $6, $7)`

	// Only the output of a live operation grows: what is pruned or cancelled is cleared away once.
	insertLiveOutput = `
INSERT INTO xforce.task_outputs (task_id, stage, seq, row_count, byte_offset, byte_count, payload)
SELECT $1, $2, $3, $4, $5, $6, $7 FROM xforce.tasks WHERE task_id = $1 AND status = ANY ($8) FOR SHARE`
)

// executor is a transaction, a connection or a pool.
type executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Append writes the next piece of output as part of the turn.
func (t *ResumableStep) Append(ctx context.Context, stage string, p OutputBlock) error {
	_, err := t.tx.Exec(ctx, insertOutput, t.ID, stage, p.Seq, p.Rows, p.Offset, len(p.Bytes), s2.Encode(nil, p.Bytes))
	if err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	return nil
}

// Clear deletes the output of a stage as part of the turn.
func (t *ResumableStep) Clear(ctx context.Context, stage string) error {
	return clearOutput(ctx, t.tx, t.ID, stage)
}

// Outputs reads the pieces of a stage in order, from seq on, at most limit of them, as part of the turn.
func (t *ResumableStep) Outputs(ctx context.Context, stage string, from, limit int) ([]OutputBlock, error) {
	return readOutputs(ctx, t.tx, t.ID, stage, from, limit)
}

// AppendOutput writes the next piece of output of a live operation in a transaction of its own, for work that runs held. It fails with
// ErrNothingDue when the operation is no longer live.
func (s *Store) AppendOutput(ctx context.Context, id uuid.UUID, stage string, p OutputBlock) error {
	tag, err := s.pool.Exec(ctx, insertLiveOutput, id, stage, p.Seq, p.Rows, p.Offset, len(p.Bytes), s2.Encode(nil, p.Bytes), liveStates)
	if err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNothingDue
	}
	return nil
}

// ClearOutput deletes the output of a stage in a transaction of its own: work that runs held begins with it, should somebody have begun
// before.
func (s *Store) ClearOutput(ctx context.Context, id uuid.UUID, stage string) error {
	return clearOutput(ctx, s.pool, id, stage)
}

func clearOutput(ctx context.Context, db executor, id uuid.UUID, stage string) error {
	const deleteOutputs = `DELETE FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2`
	if _, err := db.Exec(ctx, deleteOutputs, id, stage); err != nil {
		return fmt.Errorf("clearing output: %w", err)
	}
	return nil
}

// Outputs reads the pieces of a stage in order, from seq on, at most limit of them. No connection is held after it returns.
func (s *Store) Outputs(ctx context.Context, id uuid.UUID, stage string, from, limit int) ([]OutputBlock, error) {
	return readOutputs(ctx, s.pool, id, stage, from, limit)
}

// OutputAt reads the piece of a stage that holds the byte at offset; nil if there is none.
func (s *Store) OutputAt(ctx context.Context, id uuid.UUID, stage string, offset int64) (*OutputBlock, error) {
	const at = selectOutputs + ` AND seq = (
  SELECT max(seq) FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2 AND byte_offset <= $3)`
	found, err := queryOutputs(ctx, s.pool, at, id, stage, offset)
	if err != nil || len(found) == 0 || offset >= found[0].Offset+int64(len(found[0].Bytes)) {
		return nil, err
	}
	return &found[0], nil
}

const selectOutputs = `
SELECT seq, row_count, byte_offset, payload FROM xforce.task_outputs WHERE task_id = $1 AND stage = $2`

func readOutputs(ctx context.Context, db executor, id uuid.UUID, stage string, from, limit int) ([]OutputBlock, error) {
	return queryOutputs(ctx, db, selectOutputs+` AND seq >= $3 ORDER BY seq LIMIT $4`, id, stage, from, limit)
}

func queryOutputs(ctx context.Context, db executor, query string, args ...any) ([]OutputBlock, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading output: %w", unavailable(err))
	}
	pieces, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p OutputBlock, err error) {
		var packed []byte
		if err := row.Scan(&p.Seq, &p.Rows, &p.Offset, &packed); err != nil {
			return p, err
		}
		p.Bytes, err = s2.Decode(nil, packed)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("reading output: %w", unavailable(err))
	}
	return pieces, nil
}
