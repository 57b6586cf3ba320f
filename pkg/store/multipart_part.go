package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/s2"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/precondition"
)

// PartWriter stores one part in blocks, each in its own transaction. The part is invisible before
// Commit, and until then a part that was stored under the same number stays.
type PartWriter struct {
	store *Store
	id    uuid.UUID
	part  int
	// version identifies the blocks of this writer; stale identifies those that Discard deletes.
	version, stale uuid.UUID
	seq            int
	bytes          int64
}

// NewPart prepares a part without writing anything. The caller must call Discard at the end.
func (s *Store) NewPart(id uuid.UUID, part int) (*PartWriter, error) {
	version, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("generating a part's version: %w", err)
	}
	return &PartWriter{store: s, id: id, part: part, version: version, stale: version}, nil
}

// Append writes the next block. It returns a fault of kind Conflict if the upload was finished
// meanwhile, and one of kind NotFound if it was dropped.
func (w *PartWriter) Append(ctx context.Context, block []byte) error {
	const insertBlock = `
INSERT INTO xforce.upload_pieces (task_id, version, seq, byte_count, payload)
SELECT task_id, $2, $3, $4, $5 FROM xforce.tasks WHERE task_id = $1 AND status = 'receiving' AND is_active AND {mine}`
	end, err := w.store.clients.writes.take(ctx)
	if err != nil {
		return err
	}
	defer end()
	written, err := w.store.execMine(ctx, w.store.pool, insertBlock, w.id, w.version, w.seq, len(block), s2.Encode(nil, block))
	switch {
	case isMissingParent(err):
		return UploadNotFound()
	case err != nil:
		return fmt.Errorf("storing block %d of part %d: %w", w.seq, w.part, ClientError(err))
	case written == 0:
		return w.store.whyNotReceiving(ctx, w.id)
	}
	w.seq++
	w.bytes += int64(len(block))
	return nil
}

// Bytes returns how many bytes were written.
func (w *PartWriter) Bytes() int64 { return w.bytes }

// extendExpiry also locks the upload's row until the transaction ends.
const extendExpiry = `
UPDATE xforce.tasks SET expires_at = clock_timestamp() + $2::interval, updated_at = clock_timestamp()
WHERE task_id = $1 AND status = 'receiving' AND is_active AND {mine}`

// Touch extends the upload's expiry while a part takes long. It returns the same faults as Append.
func (w *PartWriter) Touch(ctx context.Context, retention time.Duration) error {
	touched, err := w.store.execMine(ctx, w.store.pool, extendExpiry, w.id, retention)
	if err != nil {
		return fmt.Errorf("touching a multipart upload: %w", ClientError(err))
	}
	if touched == 0 {
		return w.store.whyNotReceiving(ctx, w.id)
	}
	return nil
}

// CommittedBytes returns the size of the complete parts of an upload other than the given ones.
func (s *Store) CommittedBytes(ctx context.Context, id uuid.UUID, except []int) (bytes int64, err error) {
	const committed = `
SELECT coalesce(sum(byte_count), 0)::bigint FROM xforce.upload_parts WHERE task_id = $1 AND part <> ALL ($2) AND {mine $1}`
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := s.queryMine(ctx, committed, []any{id, except}, &bytes); err != nil {
		return 0, fmt.Errorf("adding up the parts of an upload: %w", ClientError(err))
	}
	return bytes, nil
}

// Commit stores what was written as the part, replacing an earlier one, and extends the upload's
// expiry. It reports whether the part is new. If all parts together would exceed limit bytes, it
// returns a fault of kind TooLarge; its other faults are those of Append.
func (w *PartWriter) Commit(ctx context.Context, digest []byte, limit int64, retention time.Duration) (created bool, err error) {
	var previous *uuid.UUID
	sc, err := w.store.scopeOf(ctx)
	if err != nil {
		return false, err
	}
	err = w.store.perform(ctx, write{
		doing: fmt.Sprintf("committing part %d", w.part), id: w.id, advice: repeat,
		visible: fmt.Sprintf(`EXISTS (SELECT FROM xforce.upload_parts WHERE task_id = $3 AND version = '%s')`, w.version),
		work: func(ctx context.Context, tx pgx.Tx, batch *pgx.Batch) (err error) {
			previous, err = w.replace(ctx, tx, sc, limit, retention)
			sc.queue(batch, upsertPart, w.id, w.part, w.version, w.bytes, digest)
			return err
		},
	})
	if errors.Is(err, errNotReceiving) {
		return false, w.store.whyNotReceiving(ctx, w.id)
	}
	if fault.Is(err, fault.TooLarge) || fault.Is(err, fault.Changed) {
		return false, err
	}
	if err == nil || IsOutcomeUnknown(err) {
		w.stale = uuid.Nil // the part may be in use
	}
	if err != nil {
		return false, err
	}
	if previous != nil {
		w.stale = *previous
	}
	return previous == nil, nil
}

// errNotReceiving rolls back the commit of a part whose upload is finished or dropped.
var errNotReceiving = errors.New("the upload is finished or dropped")

const (
	selectOtherParts = `
SELECT coalesce(sum(byte_count) FILTER (WHERE part <> $2), 0)::bigint, (max(version::text) FILTER (WHERE part = $2))::uuid
FROM xforce.upload_parts WHERE task_id = $1 AND {mine $1}`

	upsertPart = `
INSERT INTO xforce.upload_parts (task_id, part, version, byte_count, digest)
SELECT task_id, $2, $3, $4, $5 FROM xforce.tasks WHERE task_id = $1 AND {mine}
ON CONFLICT (task_id, part) DO UPDATE
SET version = excluded.version, byte_count = excluded.byte_count, digest = excluded.digest, created_at = clock_timestamp()`
)

// replace prepares the commit and returns the version of the part that it replaces; nil if the part
// is new.
func (w *PartWriter) replace(ctx context.Context, tx pgx.Tx, sc scope, limit int64, retention time.Duration) (previous *uuid.UUID, err error) {
	extend, args := sc.limit(extendExpiry, []any{w.id, retention})
	locked, err := tx.Exec(ctx, extend, args...)
	if err != nil {
		return nil, err
	}
	if locked.RowsAffected() == 0 {
		return nil, errNotReceiving
	}
	if err := w.checkCondition(ctx, tx, sc); err != nil {
		return nil, err
	}
	var others int64
	read, args := sc.limit(selectOtherParts, []any{w.id, w.part})
	if err := tx.QueryRow(ctx, read, args...).Scan(&others, &previous); err != nil {
		return nil, err
	}
	if others+w.bytes > limit {
		return nil, UploadTooLarge(limit)
	}
	return previous, nil
}

// checkCondition checks the condition of the request on the part that is replaced, whose upload is locked. The tag of a
// part is its digest.
func (w *PartWriter) checkCondition(ctx context.Context, tx pgx.Tx, sc scope) error {
	condition := precondition.Of(ctx)
	if condition.Empty() {
		return nil
	}
	read, args := sc.limit(`SELECT digest, created_at FROM xforce.upload_parts WHERE task_id = $1 AND part = $2 AND {mine $1}`, []any{w.id, w.part})
	var digest []byte
	var state precondition.State
	err := tx.QueryRow(ctx, read, args...).Scan(&digest, &state.Modified)
	if state.Tag, state.Absent = PartTag(digest), isNoRows(err); err != nil && !state.Absent {
		return fmt.Errorf("checking the condition of a part: %w", err)
	}
	return condition.Check(state)
}

// PartTag returns the tag of a part with the SHA-256 of its bytes.
func PartTag(digest []byte) string { return hex.EncodeToString(digest) }

// UploadTooLarge returns the fault for parts that are larger than limit bytes together.
func UploadTooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "upload-too-large",
		"All parts together are larger than %d bytes. Split the upload into several.", limit).With("limit", limit)
}

// Discard deletes the blocks of a part that was not committed, or those that a committed part
// replaced.
func (w *PartWriter) Discard(ctx context.Context) error {
	if w.stale == uuid.Nil {
		return nil
	}
	return w.store.deleteInBatches(ctx, "upload_pieces", "version, seq", "version = $2", w.id, w.stale)
}
