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

// MultipartUpload is a body that a client sends in parts, in any order. It becomes an import when
// it is finished.
type MultipartUpload struct {
	// ID is the internal id, PublicID the one that its client uses.
	ID, PublicID uuid.UUID
	Reference    string
	Collection   string
	// Digest identifies the request that started the upload; nil if the client chose no id.
	Digest []byte
	// Request is the encoded staging.Request of the upload.
	Request json.RawMessage
	// ExpiresAt is when the upload is dropped unless another part arrives; zero if it is finished.
	ExpiresAt time.Time
	// Finished means that the upload is an operation now, and that its parts belong to the
	// importer.
	Finished bool
}

// Part is one complete part of a multipart upload.
type Part struct {
	// Number counts from 1.
	Number int
	// Bytes and Digest (SHA-256) describe the part after its content coding was removed.
	Bytes  int64
	Digest []byte
}

// BeginMultipart starts a multipart upload, which expires after the retention unless another part
// arrives. It returns ErrIDTaken if the draft's id is in use.
func (s *Store) BeginMultipart(ctx context.Context, draft Draft, retention time.Duration) (*MultipartUpload, error) {
	const setExpiry = `
UPDATE xforce.tasks SET expires_at = clock_timestamp() + $2::interval WHERE task_id = $1 AND {mine} RETURNING expires_at`
	sc, id, err := s.identify(ctx, &draft)
	if err != nil {
		return nil, err
	}
	u := &MultipartUpload{ID: id, PublicID: draft.ID, Reference: draft.Reference, Collection: draft.Collection, Digest: draft.Digest, Request: draft.Request}
	err = s.perform(ctx, write{
		doing: "starting a multipart upload", id: id, reference: draft.Reference, visible: "TRUE",
		advice: repeat, // an upload that no part follows is deleted
		work: func(_ context.Context, _ pgx.Tx, batch *pgx.Batch) error {
			batch.Queue(insertReceiving, draft.columns(id)...)
			sc.queue(batch, setExpiry, id, retention).QueryRow(func(row pgx.Row) error { return row.Scan(&u.ExpiresAt) })
			return nil
		},
		explain: takenIfDuplicate,
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

const (
	selectMultipart = `
SELECT coalesce(public_id, task_id), task_reference, coalesce(collection, ''), payload_digest, request, expires_at, status <> 'receiving'
FROM xforce.tasks WHERE task_id = $1 AND {mine} AND ` + isMultipart

	// An import that came in one body has no request.
	isMultipart = `kind = 'import' AND request IS NOT NULL AND (is_active OR status <> 'receiving')`
)

// MultipartUpload returns a multipart upload, finished or not, by its id: the public one in a store for
// clients. A fault of kind NotFound means that it does not exist.
func (s *Store) MultipartUpload(ctx context.Context, id uuid.UUID) (*MultipartUpload, error) {
	internal, err := s.internalID(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.readMultipart(ctx, internal)
}

func (s *Store) readMultipart(ctx context.Context, id uuid.UUID) (*MultipartUpload, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	u := &MultipartUpload{ID: id}
	var expires *time.Time
	err := s.queryMine(ctx, selectMultipart, []any{id},
		&u.PublicID, &u.Reference, &u.Collection, &u.Digest, &u.Request, &expires, &u.Finished)
	if isNoRows(err) {
		return nil, UploadNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("reading a multipart upload: %w", ClientError(err))
	}
	if !u.Finished {
		u.ExpiresAt = zeroIfNull(expires)
	}
	return u, nil
}

// ListParts returns the complete parts in order. The parts of a finished upload are deleted after
// the split.
func (s *Store) ListParts(ctx context.Context, id uuid.UUID) ([]Part, error) {
	const list = `SELECT part, byte_count, digest FROM xforce.upload_parts WHERE task_id = $1 AND {mine $1} ORDER BY part`
	return collectMine(ctx, s, "listing parts", pgx.RowToStructByPos[Part], list, id)
}

// DropMultipart aborts a multipart upload. It does nothing if the upload is finished. After an error
// of kind Unavailable it may be called again. If only the deletion of its parts fails, that is no
// error: no client sees the upload any more, and the janitor deletes the rest.
func (s *Store) DropMultipart(ctx context.Context, u *MultipartUpload) error {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return err
	}
	var marked int64
	err = s.inTx(ctx, func(tx pgx.Tx) (err error) {
		lock, args := sc.limit(lockUpload, []any{u.ID})
		if err := checkCondition(ctx, tx, lock, args...); err != nil {
			return err
		}
		marked, err = s.execMine(ctx, tx, markDropped, u.ID, u.Reference)
		return err
	})
	if err != nil {
		return fmt.Errorf("dropping a multipart upload: %w", ClientError(err))
	}
	if marked > 0 {
		_ = s.deleteDropped(ctx, u.ID)
	}
	return nil
}

// UploadNotFound is the fault of a request to a multipart upload that does not exist.
func UploadNotFound() error {
	return fault.New(fault.NotFound, "upload-not-found",
		"There is no such upload: it was aborted, or given up because no part came for long, or never begun. Begin another.")
}

// UploadFinished is the fault of a request to change a multipart upload that is finished.
func UploadFinished() error {
	return fault.New(fault.Conflict, "upload-finished",
		"The upload is finished and can't be changed any more. Follow its operation, or cancel that.")
}

// whyNotReceiving returns the fault of a write to an upload that does not accept parts.
func (s *Store) whyNotReceiving(ctx context.Context, id uuid.UUID) error {
	u, err := s.readMultipart(ctx, id)
	if err != nil {
		return err
	}
	if u.Finished {
		return UploadFinished()
	}
	return UploadNotFound()
}
