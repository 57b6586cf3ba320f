package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
)

// sealParts turns an upload into an import whose body is in parts, as sealMultipart does for one that was begun so.
const sealParts = `
UPDATE xforce.tasks SET
  status = $3, number = nextval('xforce.task_numbers'), phase = $5, expires_at = NULL, request = $6, payload_digest = $7,
  sealed_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE task_id = $1 AND task_reference = $2 AND status = ANY ($4) AND is_active AND {mine}` + returningOperation

// NewPart prepares the only part of an upload whose body is kept as it is, because it cannot be read before all of it
// has arrived. Claim must have been called. The caller must call Discard of the result at the end.
func (u *Upload) NewPart() (*PartWriter, error) { return u.store.NewPart(u.id, 1) }

// Claimed reports whether the upload's id is reserved.
func (u *Upload) Claimed() bool { return u.staged }

// SealParts accepts an upload whose body is in parts, like FinishMultipart; request is the encoded staging.Request. After
// an error, it is as after an error of Seal.
func (u *Upload) SealParts(ctx context.Context, request json.RawMessage) (sealed *operation.Operation, err error) {
	sc, err := u.scope(ctx)
	if err != nil {
		return nil, err
	}
	err = u.store.perform(ctx, write{
		doing: "sealing the upload", id: u.id, shown: u.draft.ID, reference: u.draft.Reference, visible: isAccepted, advice: u.advice,
		work: func(ctx context.Context, tx pgx.Tx, batch *pgx.Batch) error {
			if err := charge(ctx, tx, 0); err != nil { // the worker that splits it counts the records
				return err
			}
			batch.Queue(lockLedger) // the order of the collection's rows is not known here
			queueOperation(sc, batch, &sealed, ErrUploadGone, sealParts, u.id, u.draft.Reference, operation.Waiting,
				statesBefore(operation.Waiting), splitting, request, u.draft.Digest)
			sc.queue(batch, insertSplit, u.id, job.SplitOf(u.id).Seq)
			return nil
		},
		explain: explainStaging,
	})
	if err != nil {
		return nil, err
	}
	return sealed, nil
}

// PartExpiry is how long an upload is kept between the commit of its only part and SealParts.
const PartExpiry = time.Minute
