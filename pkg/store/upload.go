package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Upload stages the records of an operation in state receiving. The operation is invisible until
// Seal returns. After a failure, Drop deletes what was written; if the process dies, the janitor
// does.
//
// Two requests with the same client-given id may run at the same time. The draft's reference, which
// is unique, identifies the upload that owns the operation's row.
type Upload struct {
	store *Store
	id    uuid.UUID
	draft Draft
	// started is set before the first write; staged once the operation's row is committed.
	started, staged bool
}

// NewUpload prepares an operation. Nothing is written before Claim or the first chunk.
func (s *Store) NewUpload(draft Draft) (*Upload, error) {
	id, err := draft.id()
	if err != nil {
		return nil, err
	}
	return &Upload{store: s, id: id, draft: draft}, nil
}

// Started reports whether rows may be in the database, which Touch must keep alive or Drop must
// delete.
func (u *Upload) Started() bool { return u.started }

// ID returns the operation's id.
func (u *Upload) ID() uuid.UUID { return u.id }

// SetDigest sets the digest that Seal stores: see Draft.Digest.
func (u *Upload) SetDigest(digest []byte) { u.draft.Digest = digest }

const insertReceiving = `
INSERT INTO xforce.tasks (task_id, task_reference, task_name, kind, collection, lanes, labels, retention, request,
  payload_digest, poll_deadline, request_id, owner, status)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp() + $11::interval, $12, $13, 'receiving')`

// The reference keeps an upload from writing into another one with the same id, is_active from
// writing into one that is being dropped.
const insertChunk = `
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload)
SELECT task_id, $3, $4, $5, $6 FROM xforce.tasks WHERE task_id = $1 AND task_reference = $2 AND status = 'receiving' AND is_active`

// Claim reserves the upload's id before its first chunk. It returns ErrIDTaken if the id is in use.
func (u *Upload) Claim(ctx context.Context) error {
	u.started = true // the commit may succeed although its answer is lost
	err := u.store.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, insertReceiving, u.draft.columns(u.id)...)
		return takenIfDuplicate(err)
	})
	if err != nil {
		return fmt.Errorf("claiming the operation's id: %w", unavailable(err))
	}
	u.staged = true
	return nil
}

// Stage writes one chunk in its own transaction, so that a slow client never keeps a transaction
// open.
func (u *Upload) Stage(ctx context.Context, c chunk.Chunk) error {
	end, err := u.store.clients.writes.take(ctx)
	if err != nil {
		return err
	}
	defer end()
	u.started = true // the commit may succeed although its answer is lost
	err = u.store.inTx(ctx, func(tx pgx.Tx) error { return u.write(ctx, tx, c) })
	if err != nil {
		return fmt.Errorf("staging chunk %d: %w", c.Seq, unavailable(err))
	}
	u.staged = true
	return nil
}

func (u *Upload) write(ctx context.Context, tx pgx.Tx, c chunk.Chunk) error {
	var batch pgx.Batch
	if !u.staged {
		batch.Queue(insertReceiving, u.draft.columns(u.id)...)
	}
	batch.Queue(insertChunk, u.id, u.draft.Reference, c.Seq, c.FirstRow, c.Rows, c.Payload).Exec(goneIfNone)
	err := tx.SendBatch(ctx, &batch).Close()
	if isMissingParent(err) {
		return ErrUploadGone
	}
	return takenIfDuplicate(err)
}

// goneIfNone returns ErrUploadGone if a statement did not find the upload's row.
func goneIfNone(tag pgconn.CommandTag) error {
	if tag.RowsAffected() == 0 {
		return ErrUploadGone
	}
	return nil
}

// A sealed operation gets the next number, which is higher than that of every operation sealed
// before. An operation that is being dropped (is_active is false) can't be sealed.
const sealOperation = `
UPDATE xforce.tasks SET
  status = $5, number = nextval('xforce.task_numbers'), total_records = $3, total_chunks = $4, payload_digest = $7,
  sealed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND task_reference = $2 AND status = ANY ($6) AND is_active`

// Seal writes the last chunk and accepts the operation in the same transaction. When it returns,
// the whole upload is durable. The error is a fault of kind Unavailable if the client may retry the
// whole upload.
func (u *Upload) Seal(ctx context.Context, last chunk.Chunk) (*operation.Operation, error) {
	err := u.store.inTx(ctx, func(tx pgx.Tx) error {
		if err := u.write(ctx, tx, last); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, sealOperation, u.id, u.draft.Reference, last.FirstRow+last.Rows-1, last.Seq+1,
			operation.Waiting, statesBefore(operation.Waiting), u.draft.Digest)
		if err != nil {
			return err
		}
		return goneIfNone(tag)
	})
	if errors.Is(err, ErrUploadGone) || errors.Is(err, ErrIDTaken) {
		return nil, err
	}
	sealed, readErr := u.store.Operation(ctx, u.id)
	if readErr == nil && sealed.Reference == u.draft.Reference {
		return sealed, nil // also if the commit succeeded and only its answer was lost
	}
	if err == nil {
		err = readErr
	}
	return nil, fmt.Errorf("sealing the upload: %w", unavailable(err))
}

// Touch records that the upload is alive, so that the janitor keeps it. It returns ErrUploadGone if
// the janitor has dropped it.
func (u *Upload) Touch(ctx context.Context) error {
	const touch = `
UPDATE xforce.tasks SET updated_at = clock_timestamp()
WHERE task_id = $1 AND task_reference = $2 AND status = 'receiving' AND is_active`
	touched, err := u.store.pool.Exec(ctx, touch, u.id, u.draft.Reference)
	if err != nil {
		return fmt.Errorf("touching the upload: %w", err)
	}
	return goneIfNone(touched)
}

// Drop deletes what was staged. It never deletes a sealed operation or another upload with the same
// id.
func (u *Upload) Drop(ctx context.Context) error {
	return u.store.dropUpload(ctx, u.id, u.draft.Reference)
}
