package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/chunk"
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
	// advice is for a client that does not learn whether its upload was accepted.
	advice advice
	// chosen is set if the client chose the id.
	chosen bool
	// started is set before the first write; staged once the operation's row is committed.
	started, staged bool
}

// NewUpload prepares an operation. Nothing is written before Claim or the first chunk, which fail in a
// store for clients if the draft is of another tenant than the call.
func (s *Store) NewUpload(draft Draft) (*Upload, error) {
	advice, chosen := adviceFor(draft), draft.ID != uuid.Nil
	id, err := draft.complete()
	if err != nil {
		return nil, err
	}
	return &Upload{store: s, id: id, draft: draft, advice: advice, chosen: chosen}, nil
}

// Started reports whether rows may be in the database, which Touch must keep alive or Drop must
// delete.
func (u *Upload) Started() bool { return u.started }

// ID returns the operation's internal id.
func (u *Upload) ID() uuid.UUID { return u.id }

// SetDigest sets the digest that Seal stores: see Draft.Digest.
func (u *Upload) SetDigest(digest []byte) { u.draft.Digest = digest }

const insertReceiving = `INSERT INTO xforce.tasks (` + draftColumns + `, status) VALUES (` + draftValues + `, 'receiving')`

// The reference keeps an upload from writing into another one with the same id, is_active from
// writing into one that is being dropped.
const insertChunk = `
INSERT INTO xforce.task_chunks (task_id, seq, first_row, row_count, payload)
SELECT task_id, $3, $4, $5, $6 FROM xforce.tasks WHERE task_id = $1 AND task_reference = $2 AND status = 'receiving' AND is_active AND {mine}`

// Claim reserves the upload's id before its first chunk. It returns ErrIDTaken if the id is in use. An
// upload that has the id and whose process has died is dropped first: see takeOver.
func (u *Upload) Claim(ctx context.Context) error {
	if _, err := u.scope(ctx); err != nil {
		return err
	}
	err := u.claim(ctx)
	if !errors.Is(err, ErrIDTaken) {
		return err
	}
	dropped, dropErr := u.store.takeOver(ctx, u.id)
	switch {
	case dropErr != nil:
		return nothingKept(dropErr)
	case !dropped:
		return err
	}
	return u.claim(ctx)
}

func (u *Upload) claim(ctx context.Context) error {
	u.started = true // the commit may succeed although its answer is lost
	err := u.store.stage(ctx, "claiming the operation's id", func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, insertReceiving, u.draft.columns(u.id)...)
		return takenIfDuplicate(err)
	})
	u.staged = err == nil
	return err
}

// Stage writes one chunk in its own transaction, so that a slow client never keeps a transaction
// open.
func (u *Upload) Stage(ctx context.Context, c chunk.Chunk) error {
	sc, err := u.scope(ctx)
	if err != nil {
		return err
	}
	end, err := u.store.clients.writes.take(ctx)
	if err != nil {
		return err
	}
	defer end()
	u.started = true // the commit may succeed although its answer is lost
	err = u.store.stage(ctx, fmt.Sprintf("staging chunk %d", c.Seq), func(ctx context.Context, tx pgx.Tx) error {
		var batch pgx.Batch
		u.queueChunk(sc, &batch, c)
		return explainStaging(tx.SendBatch(ctx, &batch).Close())
	})
	if err == nil {
		u.staged = true
	}
	return err
}

// scope returns the scope of a call. It fails if the upload is of another tenant than the call.
func (u *Upload) scope(ctx context.Context) (scope, error) {
	sc, err := u.store.scopeOf(ctx)
	if err != nil {
		return sc, err
	}
	_, err = sc.tenant(u.draft.Tenant)
	return sc, err
}

// queueChunk adds the statements that write a chunk to a batch. explainStaging converts its errors.
func (u *Upload) queueChunk(sc scope, batch *pgx.Batch, c chunk.Chunk) {
	if !u.staged {
		batch.Queue(insertReceiving, u.draft.columns(u.id)...)
	}
	sc.queue(batch, insertChunk, u.id, u.draft.Reference, c.Seq, c.FirstRow, c.Rows, c.Payload).Exec(goneIfNone)
}

func explainStaging(err error) error {
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

// TouchEvery returns the interval of Touch. It is shorter for an id that the client chose: if the
// process dies, the client repeats its request with the same id.
func (u *Upload) TouchEvery() time.Duration {
	if u.chosen {
		return touchClaimedEvery
	}
	return touchEvery
}

// Touch records that the upload is alive, so that the janitor keeps it. It returns ErrUploadGone if
// the janitor has dropped it.
func (u *Upload) Touch(ctx context.Context) error {
	const touch = `
UPDATE xforce.tasks SET updated_at = clock_timestamp()
WHERE task_id = $1 AND task_reference = $2 AND status = 'receiving' AND is_active AND {mine}`
	touched, err := u.store.execMine(ctx, u.store.pool, touch, u.id, u.draft.Reference)
	if err != nil {
		return fmt.Errorf("touching the upload: %w", err)
	}
	if touched == 0 {
		return ErrUploadGone
	}
	return nil
}

// Drop deletes what was staged. It never deletes a sealed operation or another upload with the same
// id.
func (u *Upload) Drop(ctx context.Context) error {
	return u.store.dropUpload(ctx, u.id, u.draft.Reference)
}
