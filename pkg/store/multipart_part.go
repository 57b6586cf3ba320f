package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/s2"

	"github.com/longshore-io/longshore/pkg/fault"
)

// PartWriter stores one part, piece by piece, each in a transaction of its own. Nobody sees the part before Keep, and one that was there
// before stays until then.
type PartWriter struct {
	store *Store
	id    uuid.UUID
	part  int
	// version names the pieces; stale those that Discard deletes.
	version, stale uuid.UUID
	seq            int
	bytes          int64
}

// NewPart prepares a part; nothing is written yet. Discard must be called at the end.
func (s *Store) NewPart(id uuid.UUID, part int) (*PartWriter, error) {
	version, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("making a part's version: %w", err)
	}
	return &PartWriter{store: s, id: id, part: part, version: version, stale: version}, nil
}

const stillReceiving = ` FROM xforce.tasks WHERE task_id = $1 AND status = 'receiving' AND is_active`

// Append writes the next piece. A fault of kind Conflict means that the upload was finished meanwhile, one of kind NotFound that it is gone.
func (w *PartWriter) Append(ctx context.Context, piece []byte) error {
	const insertPiece = `
INSERT INTO xforce.upload_pieces (task_id, version, seq, byte_count, payload)
SELECT task_id, $2, $3, $4, $5` + stillReceiving
	written, err := w.store.pool.Exec(ctx, insertPiece, w.id, w.version, w.seq, len(piece), s2.Encode(nil, piece))
	switch {
	case isMissingParent(err):
		return NoParts()
	case err != nil:
		return fmt.Errorf("storing piece %d of part %d: %w", w.seq, w.part, unavailable(err))
	case written.RowsAffected() == 0:
		return w.store.closedParts(ctx, w.id)
	}
	w.seq++
	w.bytes += int64(len(piece))
	return nil
}

// Bytes is how much was written.
func (w *PartWriter) Bytes() int64 { return w.bytes }

// putOff gives an upload in pieces more time, and holds its row until the transaction ends.
const putOff = `
UPDATE xforce.tasks SET expires_at = clock_timestamp() + $2::interval, updated_at = clock_timestamp()
WHERE task_id = $1 AND status = 'receiving' AND is_active`

// Touch puts off the time at which the upload is given up, while a part takes long. The faults are those of Append.
func (w *PartWriter) Touch(ctx context.Context, retention time.Duration) error {
	touched, err := w.store.pool.Exec(ctx, putOff, w.id, retention)
	if err != nil {
		return fmt.Errorf("touching an upload in pieces: %w", unavailable(err))
	}
	if touched.RowsAffected() == 0 {
		return w.store.closedParts(ctx, w.id)
	}
	return nil
}

// Keep makes the part what was written, in place of what it was before, and puts off the time at which the upload is given up. It reports
// whether the part is new. All parts together may have at most limit bytes; a fault of kind TooLarge means that they would have more. The
// other faults are those of Append.
func (w *PartWriter) Keep(ctx context.Context, digest []byte, limit int64, retention time.Duration) (created bool, err error) {
	var before *uuid.UUID
	err = w.store.inTx(ctx, func(tx pgx.Tx) error {
		before, err = w.keep(ctx, tx, digest, limit, retention)
		return err
	})
	if errors.Is(err, errPartsClosed) {
		return false, w.store.closedParts(ctx, w.id)
	}
	if fault.Is(err, fault.TooLarge) {
		return false, err
	}
	w.stale = uuid.Nil // an error may mean that only the answer of the commit was lost
	if err != nil {
		return false, fmt.Errorf("keeping part %d: %w", w.part, unavailable(err))
	}
	if before != nil {
		w.stale = *before
	}
	return before == nil, nil
}

// errPartsClosed rolls back what comes to an upload that is finished or gone.
var errPartsClosed = errors.New("the upload is finished or gone")

const (
	otherParts = `
SELECT coalesce(sum(byte_count) FILTER (WHERE part <> $2), 0)::bigint, (max(version::text) FILTER (WHERE part = $2))::uuid
FROM xforce.upload_parts WHERE task_id = $1`

	upsertPart = `
INSERT INTO xforce.upload_parts (task_id, part, version, byte_count, digest) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (task_id, part) DO UPDATE
SET version = excluded.version, byte_count = excluded.byte_count, digest = excluded.digest, created_at = clock_timestamp()`
)

func (w *PartWriter) keep(ctx context.Context, tx pgx.Tx, digest []byte, limit int64, retention time.Duration) (before *uuid.UUID, err error) {
	held, err := tx.Exec(ctx, putOff, w.id, retention)
	if err != nil {
		return nil, err
	}
	if held.RowsAffected() == 0 {
		return nil, errPartsClosed
	}
	var others int64
	if err := tx.QueryRow(ctx, otherParts, w.id, w.part).Scan(&others, &before); err != nil {
		return nil, err
	}
	if others+w.bytes > limit {
		return nil, fault.New(fault.TooLarge, "upload-too-large",
			"All parts together are larger than %d bytes. Split the upload into several.", limit).With("limit", limit)
	}
	_, err = tx.Exec(ctx, upsertPart, w.id, w.part, w.version, w.bytes, digest)
	return before, err
}

// Discard deletes what is of no use any more: the pieces of a part that was not kept, or those that a kept one replaced.
func (w *PartWriter) Discard(ctx context.Context) error {
	if w.stale == uuid.Nil {
		return nil
	}
	return w.store.deleteInBatches(ctx, "upload_pieces", "version, seq", "version = $2", w.id, w.stale)
}
