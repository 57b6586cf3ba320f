package imports

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/staging"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/tracing"
	"github.com/longshore-io/longshore/services/api/internal/admission"
)

// touchTimeout limits a touch of an upload, so that an unresponsive database does not stall the
// upload for long.
const touchTimeout = 5 * time.Second

// receiver stages a stream of records and seals it as an operation.
type receiver struct {
	log *slog.Logger
	// drops deletes uploads that failed.
	drops *dropper
	// maxRecords and maxBytes limit a chunk.
	maxRecords, maxBytes int
}

// identifiedRecords are the records of a request and the digest that identifies it.
type identifiedRecords interface {
	staging.Records
	// Digest is called after the last record; it returns nil if the request need not be recognized
	// again.
	Digest() ([]byte, error)
}

// receive reads all records and returns the sealed operation. After an error it deletes what was
// written.
func (r *receiver) receive(ctx context.Context, upload *store.Upload, records identifiedRecords) (*operation.Operation, error) {
	op, err := r.stageAndSeal(ctx, upload, records)
	if err != nil {
		r.drops.drop(ctx, upload, err)
	}
	return op, err
}

// stageAndSeal ignores the cancellation of the request's context: net/http cancels it after any
// read error, and a client's error would then be reported as an unavailable database.
func (r *receiver) stageAndSeal(ctx context.Context, upload *store.Upload, records identifiedRecords) (*operation.Operation, error) {
	ctx = context.WithoutCancel(ctx)
	last, err := r.stage(ctx, upload, records)
	if err != nil {
		return nil, err
	}
	digest, err := records.Digest()
	if err != nil {
		return nil, err
	}
	upload.SetDigest(digest)
	return seal(ctx, upload, last)
}

// stage writes all chunks except the last one, which it returns.
func (r *receiver) stage(ctx context.Context, upload *store.Upload, records staging.Records) (last chunk.Chunk, err error) {
	ctx, span := tracing.StartTotals(ctx, "stage")
	defer func() { tracing.Fail(span, err); span.End() }()
	taken := admission.Of(ctx)
	stage := func(ctx context.Context, c chunk.Chunk) error {
		if err := taken.Receive(int64(len(c.Payload))); err != nil {
			return err
		}
		return upload.Stage(ctx, c)
	}
	plan := staging.Plan{Rows: r.maxRecords, Bytes: r.maxBytes, Stage: stage, Touch: r.touchFunc(upload), TouchEvery: upload.TouchEvery(), Memory: taken}
	return plan.Run(ctx, records)
}

func seal(ctx context.Context, upload *store.Upload, last chunk.Chunk) (op *operation.Operation, err error) {
	ctx, span := tracing.Start(ctx, "seal")
	defer func() { tracing.Fail(span, err); span.End() }()
	return upload.Seal(ctx, last)
}

// claim reserves the upload's id before the body is read. The error is store.ErrIDTaken if another
// upload has it.
func (r *receiver) claim(ctx context.Context, upload *store.Upload) error {
	err := upload.Claim(ctx)
	if err != nil {
		r.drops.drop(ctx, upload, err) // the claim may have been committed although its reply was lost
	}
	return err
}

// touchFunc returns a function that marks the upload as alive for the janitor. It returns an error
// only if the upload was deleted: the janitor tolerates several missed touches, and staging the
// next chunk fails anyway if the database stays away.
func (r *receiver) touchFunc(upload *store.Upload) func(context.Context) error {
	return func(ctx context.Context) error {
		if !upload.Started() {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, touchTimeout)
		defer cancel()
		err := upload.Touch(ctx)
		if errors.Is(err, store.ErrUploadGone) {
			return err
		}
		if err != nil {
			r.log.WarnContext(ctx, "touching an upload failed and will be retried",
				slog.Any("error", err), slog.String("operation", upload.ID().String()))
		}
		return nil
	}
}
