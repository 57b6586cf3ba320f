package store

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/coalesce"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/quota"
)

// A sealed operation gets the next number, which is higher than that of every operation sealed
// before. An operation that is being dropped (is_active is false) can't be sealed.
const sealOperation = `
UPDATE xforce.tasks SET
  status = $5, number = nextval('xforce.task_numbers'), total_records = $3, total_chunks = $4, payload_digest = $7,
  sealed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND task_reference = $2 AND status = ANY ($6) AND is_active AND {mine}` + returningOperation

// Seal writes the last chunk and accepts the operation in the same transaction. When it returns,
// the whole upload is durable. After an error of kind Unavailable the client may send the whole
// upload again, unless IsOutcomeUnknown reports that the operation may have been accepted.
//
// Uploads of one chunk that are sealed at the same time share a transaction, unless their account has limits.
func (u *Upload) Seal(ctx context.Context, last chunk.Chunk) (*operation.Operation, error) {
	sc, err := u.scope(ctx)
	if err != nil {
		return nil, err
	}
	s := &sealing{ctx: ctx, scope: sc, upload: u, last: last}
	switch account := quota.Of(ctx); {
	case u.started, account != nil && !account.None():
		s.alone()
	default:
		u.started = true // the commit may succeed although its answer is lost
		u.store.seals.Do(u.draft.Tenant, s)
	}
	return s.sealed, s.err
}

const (
	// parallelSeals is how many transactions at a time seal uploads of a tenant: one prepares the next while the other
	// waits for the disk.
	parallelSeals = 1
	// mostSeals limits the uploads that share a transaction, and with that the time that the first one waits for the
	// others.
	mostSeals = 64
)

// newSeals returns the group that seals the uploads of each tenant.
func newSeals() *coalesce.Group[string, *sealing] {
	return &coalesce.Group[string, *sealing]{Parallel: parallelSeals, Most: mostSeals, Execute: func(_ string, all []*sealing) {
		if len(all) == 1 {
			all[0].alone()
			return
		}
		sealTogether(all)
	}}
}

// sealing is an upload that is being sealed, and the result.
type sealing struct {
	ctx    context.Context //nolint:containedctx // that of the call of Seal
	scope  scope
	upload *Upload
	last   chunk.Chunk

	sealed *operation.Operation
	err    error
}

// write returns the write whose work seals the upload.
func (s *sealing) write() write {
	u := s.upload
	return write{
		doing: "sealing the upload", id: u.id, shown: u.draft.ID, reference: u.draft.Reference, visible: isAccepted, advice: u.advice,
		work: func(ctx context.Context, tx pgx.Tx, batch *pgx.Batch) error {
			if err := charge(ctx, tx, int64(s.rows())); err != nil {
				return err
			}
			if u.draft.Ledger {
				batch.Queue(lockLedger)
			}
			s.queue(batch)
			return nil
		},
		explain: explainStaging,
	}
}

// rows returns the number of records of the upload.
func (s *sealing) rows() int { return s.last.FirstRow + s.last.Rows - 1 }

// queue adds the statements that accept the operation.
func (s *sealing) queue(batch *pgx.Batch) {
	u := s.upload
	if u.staged {
		u.queueChunk(s.scope, batch, s.last)
		queueOperation(s.scope, batch, &s.sealed, ErrUploadGone, sealOperation, u.id, u.draft.Reference, s.rows(), s.last.Seq+1,
			operation.Waiting, statesBefore(operation.Waiting), u.draft.Digest)
		return
	}
	queueReturned(batch, &s.sealed, nil, insertAccepted, append(u.draft.columns(u.id), s.rows())...)
	s.scope.queue(batch, insertOnlyChunk, u.id, s.last.Rows, s.last.Payload)
}

// alone seals the upload in a transaction of its own.
func (s *sealing) alone() {
	s.upload.started = true // the commit may succeed although its answer is lost
	s.conclude(s.upload.store.perform(s.ctx, s.write()))
}

func (s *sealing) conclude(err error) {
	if s.err = err; err != nil {
		s.sealed = nil
	}
}

// sealTogether seals uploads of one tenant in one transaction. If Postgres refuses a statement, each is sealed alone, so
// that only the one that caused it fails.
func sealTogether(all []*sealing) {
	store := all[0].upload.store
	ctx, cancel := context.WithTimeout(all[0].ctx, store.writeTimeout)
	defer cancel()
	var id transactionID
	finished := false
	err := store.inWriteTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var batch pgx.Batch
		queueAll(&batch, all)
		id.queue(&batch)
		err := tx.SendBatch(ctx, &batch).Close()
		finished = err == nil
		return err
	})
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && !finished && refused.SeverityUnlocalized == "ERROR" {
		concurrently(all, (*sealing).alone)
		return
	}
	concurrently(all, func(s *sealing) { s.conclude(store.conclude(ctx, s.write(), id, finished, err)) })
}

// queueAll adds the statements of all uploads, after the lock under which the numbers of ordered imports are drawn.
func queueAll(batch *pgx.Batch, all []*sealing) {
	for _, s := range all {
		if s.upload.draft.Ledger {
			batch.Queue(lockLedger)
			break
		}
	}
	for _, s := range all {
		s.queue(batch)
	}
}

func concurrently(all []*sealing, do func(*sealing)) {
	var running sync.WaitGroup
	for _, s := range all {
		running.Go(func() { do(s) })
	}
	running.Wait()
}
