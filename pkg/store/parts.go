package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/klauspost/compress/s2"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Parts is an upload in pieces: a body that comes in parts, in any order, and becomes an import when it is finished.
type Parts struct {
	ID         uuid.UUID
	Reference  string
	Collection string
	// Digest identifies the request that began it; nil if the client gave no id.
	Digest []byte
	// Request is what it was begun with.
	Request json.RawMessage
	// ExpiresAt is when it is given up unless another part comes; zero if it is finished.
	ExpiresAt time.Time
	// Finished: it is an operation now, and its parts belong to the importer.
	Finished bool
}

// Part is one part of an upload in pieces.
type Part struct {
	// Number counts from 1.
	Number int
	// Bytes and Digest (SHA-256) are of the part without its content coding.
	Bytes  int64
	Digest []byte
}

const beginParts = `
UPDATE xforce.tasks SET expires_at = clock_timestamp() + $2::interval WHERE task_id = $1`

// BeginParts begins an upload in pieces, which is given up after the retention unless another part comes. The error is ErrIDTaken if the
// draft's id is in use.
func (s *Store) BeginParts(ctx context.Context, draft Draft, retention time.Duration) (*Parts, error) {
	id, err := draft.id()
	if err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, insertReceiving, draft.columns(id)...); err != nil {
			return takenIfDuplicate(err)
		}
		_, err := tx.Exec(ctx, beginParts, id, retention)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("beginning an upload in pieces: %w", unavailable(err))
	}
	return s.Parts(ctx, id)
}

const (
	selectParts = `
SELECT task_reference, coalesce(collection, ''), payload_digest, request, expires_at, status <> 'receiving'
FROM xforce.tasks WHERE task_id = $1 AND ` + isParts

	// An import that came in one body has no request.
	isParts = `kind = 'import' AND request IS NOT NULL AND (is_active OR status <> 'receiving')`
)

// Parts finds an upload in pieces, also when it is finished. A fault of kind NotFound means that there is none.
func (s *Store) Parts(ctx context.Context, id uuid.UUID) (*Parts, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	p := &Parts{ID: id}
	var expires *time.Time
	err := s.pool.QueryRow(ctx, selectParts, id).Scan(&p.Reference, &p.Collection, &p.Digest, &p.Request, &expires, &p.Finished)
	if isNoRows(err) {
		return nil, NoParts()
	}
	if err != nil {
		return nil, fmt.Errorf("reading an upload in pieces: %w", unavailable(err))
	}
	if !p.Finished {
		p.ExpiresAt = unlessNull(expires)
	}
	return p, nil
}

// ListParts lists the parts that are complete, in order. Those of a finished upload go when it is split.
func (s *Store) ListParts(ctx context.Context, id uuid.UUID) ([]Part, error) {
	const list = `SELECT part, byte_count, digest FROM xforce.upload_parts WHERE task_id = $1 ORDER BY part`
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, list, id)
	if err != nil {
		return nil, fmt.Errorf("listing parts: %w", unavailable(err))
	}
	parts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Part])
	if err != nil {
		return nil, fmt.Errorf("listing parts: %w", unavailable(err))
	}
	return parts, nil
}

// NoParts is the fault of an upload in pieces that is not there.
func NoParts() error {
	return fault.New(fault.NotFound, "upload-not-found",
		"There is no such upload: it was aborted, or given up because no part came for long, or never begun. Begin another.")
}

// DropParts aborts an upload in pieces. A finished one is left as it is.
func (s *Store) DropParts(ctx context.Context, p *Parts) error {
	return s.dropUpload(ctx, p.ID, p.Reference)
}

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

// closedParts tells why an upload takes no part.
func (s *Store) closedParts(ctx context.Context, id uuid.UUID) error {
	p, err := s.Parts(ctx, id)
	if err != nil {
		return err
	}
	if p.Finished {
		return FinishedParts()
	}
	return NoParts()
}

// FinishedParts is the fault of what comes to an upload in pieces after its end.
func FinishedParts() error {
	return fault.New(fault.Conflict, "upload-finished",
		"The upload is finished and can't be changed any more. Follow its operation, or cancel that.")
}
