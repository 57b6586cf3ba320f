package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Upload stages the records of an operation that is still receiving. Until Seal has returned, nobody else sees
// the operation; after a failure Drop takes back what was written, and the janitor does it when nobody can.
//
// An id that a client chose may come twice, at the same time too. Whose row it is, the draft's reference tells, which nobody else has.
type Upload struct {
	store *Store
	id    uuid.UUID
	draft Draft
	// begun: something may be in the database. staged: the operation's row is.
	begun, staged bool
}

// NewUpload prepares an operation; nothing is written before the first chunk.
func (s *Store) NewUpload(draft Draft) (*Upload, error) {
	id, err := draft.id()
	if err != nil {
		return nil, err
	}
	return &Upload{store: s, id: id, draft: draft}, nil
}

// Begun reports whether something may be in the database that Touch must keep or Drop must take back.
func (u *Upload) Begun() bool { return u.begun }

// ID is the operation's id.
func (u *Upload) ID() uuid.UUID { return u.id }

// Identify says what the upload turned out to be, before Seal writes it down: see Draft.Digest.
func (u *Upload) Identify(digest []byte) { u.draft.Digest = digest }

const insertReceiving = `
INSERT INTO xforce.tasks (task_id, task_reference, task_name, kind, collection, lanes, labels, retention, request, payload_digest, poll_deadline,
  request_id, status)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp() + $11::interval, $12, 'receiving')`

// A chunk goes to its own upload only, and only while nobody drops it.
const insertChunk = `
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload)
SELECT task_id, $3, $4, $5, $6 FROM xforce.tasks WHERE task_id = $1 AND task_reference = $2 AND status = 'receiving' AND is_active`

// Claim takes the id of an upload before its first chunk, so that nobody else can begin with the same. The error is ErrIDTaken if somebody
// has.
func (u *Upload) Claim(ctx context.Context) error {
	u.begun = true // also when the answer of a commit is lost
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

// Stage writes one chunk in a transaction of its own, so that no transaction lasts as long as a slow client.
func (u *Upload) Stage(ctx context.Context, c chunk.Chunk) error {
	u.begun = true // also when the answer of a commit is lost
	err := u.store.inTx(ctx, func(tx pgx.Tx) error { return u.write(ctx, tx, c) })
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

// goneIfNone tells that the upload's row was not there any more.
func goneIfNone(tag pgconn.CommandTag) error {
	if tag.RowsAffected() == 0 {
		return ErrUploadGone
	}
	return nil
}

// A sealed operation gets the next number: from here on it is accepted, and later than all that were sealed before.
// One that the janitor has begun to drop (is_active is false) can't be sealed any more.
const sealOperation = `
UPDATE xforce.tasks SET
  status = $5, number = nextval('xforce.task_numbers'), total_records = $3, total_chunks = $4, payload_digest = $7,
  sealed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND task_reference = $2 AND status = ANY ($6) AND is_active`

// Seal writes the last chunk and accepts the operation in the same transaction. When it returns nil, all of it is on disk.
// The error is a fault of kind Unavailable when trying the whole upload again can help.
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
		return sealed, nil // also when the commit went through and only its answer was lost
	}
	if err == nil {
		err = readErr
	}
	return nil, fmt.Errorf("sealing the upload: %w", unavailable(err))
}

// ErrUploadGone tells that the janitor has dropped the upload, or begun to, because nobody touched it for long.
var ErrUploadGone = fault.New(fault.Unavailable, "upload-abandoned",
	"The upload stood still for so long that it was given up. Nothing of it was imported; send it again.")

// Touch tells the janitor that the upload is alive. It returns ErrUploadGone when that comes too late.
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

// Drop takes back what was staged. It never touches an operation that is sealed, nor somebody else's of the same id.
func (u *Upload) Drop(ctx context.Context) error {
	return u.store.dropUpload(ctx, u.id, u.draft.Reference)
}
