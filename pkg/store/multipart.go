package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/fault"
)

// MultipartUpload is an upload in pieces: a body that comes in parts, in any order, and becomes an import when it is finished.
type MultipartUpload struct {
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

// BeginMultipart begins an upload in pieces, which is given up after the retention unless another part comes. The error is ErrIDTaken if the
// draft's id is in use.
func (s *Store) BeginMultipart(ctx context.Context, draft Draft, retention time.Duration) (*MultipartUpload, error) {
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
	return s.MultipartUpload(ctx, id)
}

const (
	selectParts = `
SELECT task_reference, coalesce(collection, ''), payload_digest, request, expires_at, status <> 'receiving'
FROM xforce.tasks WHERE task_id = $1 AND ` + isParts

	// An import that came in one body has no request.
	isParts = `kind = 'import' AND request IS NOT NULL AND (is_active OR status <> 'receiving')`
)

// MultipartUpload finds an upload in pieces, also when it is finished. A fault of kind NotFound means that there is none.
func (s *Store) MultipartUpload(ctx context.Context, id uuid.UUID) (*MultipartUpload, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	p := &MultipartUpload{ID: id}
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

// DropMultipart aborts an upload in pieces. A finished one is left as it is.
func (s *Store) DropMultipart(ctx context.Context, p *MultipartUpload) error {
	return s.dropUpload(ctx, p.ID, p.Reference)
}

// closedParts tells why an upload takes no part.
func (s *Store) closedParts(ctx context.Context, id uuid.UUID) error {
	p, err := s.MultipartUpload(ctx, id)
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
