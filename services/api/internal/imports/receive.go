package imports

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/staging"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// touchTimeout lets a database that does not answer miss a touch without holding up the upload for long.
	touchTimeout = 5 * time.Second
	// sealTimeout bounds the last transaction of an upload.
	sealTimeout = 30 * time.Second
	// dropTimeout bounds taking back what a broken upload wrote; the janitor does what is left.
	dropTimeout = 20 * time.Second
)

// receiver turns a stream of records into a sealed operation.
type receiver struct {
	store *store.Store
	log   *slog.Logger
	// maxRows and maxBytes bound a chunk.
	maxRows, maxBytes int
}

// body is the records of a request, and what identifies them.
type body interface {
	staging.Records
	// Digest is asked for after the last record; nil if nobody needs to know the request again.
	Digest() ([]byte, error)
}

// receive reads all records and returns the sealed operation. On an error it takes back what was written of the upload.
func (r *receiver) receive(ctx context.Context, upload *store.Upload, from body) (*operation.Operation, error) {
	sealed, err := r.stageAndSeal(ctx, upload, from)
	if err != nil {
		r.takeBack(ctx, upload)
	}
	return sealed, err
}

// stageAndSeal does not hang on the request's context, which net/http ends at any error of reading: what the client did wrong
// would be told as a database that does not answer.
func (r *receiver) stageAndSeal(ctx context.Context, upload *store.Upload, from body) (*operation.Operation, error) {
	ctx = context.WithoutCancel(ctx)
	plan := staging.Plan{Rows: r.maxRows, Bytes: r.maxBytes, Stage: upload.Stage, Touch: r.touch(upload)}
	last, err := plan.Run(ctx, from)
	if err != nil {
		return nil, err
	}
	digest, err := from.Digest()
	if err != nil {
		return nil, err
	}
	upload.Identify(digest)
	ctx, cancel := context.WithTimeout(ctx, sealTimeout)
	defer cancel()
	return upload.Seal(ctx, last)
}

// claim takes the id of an upload before its body comes. One that is taken is somebody else's to drop.
func (r *receiver) claim(ctx context.Context, upload *store.Upload) error {
	err := upload.Claim(ctx)
	if err != nil {
		r.takeBack(ctx, upload) // the answer of the commit may be all that was lost
	}
	return err
}

func (r *receiver) takeBack(ctx context.Context, upload *store.Upload) {
	if !upload.Begun() {
		return
	}
	drop, cancel := context.WithTimeout(context.WithoutCancel(ctx), dropTimeout)
	defer cancel()
	if err := upload.Drop(drop); err != nil {
		r.log.WarnContext(ctx, "a broken upload is left to the janitor", slog.Any("error", err), slog.String("operation", upload.ID().String()))
	}
}

// touch may fail: the janitor waits for several. If the database stays away, the next chunk tells. It only returns that the
// upload is gone.
func (r *receiver) touch(upload *store.Upload) func(context.Context) error {
	return func(ctx context.Context) error {
		if !upload.Begun() {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, touchTimeout)
		defer cancel()
		err := upload.Touch(ctx)
		if errors.Is(err, store.ErrUploadGone) {
			return err
		}
		if err != nil {
			r.log.WarnContext(ctx, "an upload could not be kept alive and will be touched again",
				slog.Any("error", err), slog.String("operation", upload.ID().String()))
		}
		return nil
	}
}
