package imports

import (
	"context"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	// dropTimeout limits the deletion of what a failed upload wrote; what is left is deleted later.
	dropTimeout = 20 * time.Second
	// awayDropTimeout is dropTimeout if the upload failed because the database did not answer: the
	// client waits for its answer.
	awayDropTimeout = 3 * time.Second
	// lateDropTimeout is how long a deletion that failed is repeated. After that the janitor deletes
	// the upload (LONGSHORE_ABANDONED_AFTER).
	lateDropTimeout = 40 * time.Second
	// lateDropInterval is the time between two repetitions.
	lateDropInterval = 500 * time.Millisecond
	// maxLateDrops limits the deletions of a process that are repeated at the same time.
	maxLateDrops = 100
)

// dropper deletes uploads that failed. A deletion that fails too is repeated in the background:
// until the upload is deleted, a client that repeats its request with the same Operation-Id is
// answered that the first one is still being received.
type dropper struct {
	log   *slog.Logger
	slots chan struct{} // has one element for each deletion that is being repeated
}

func newDropper(log *slog.Logger) *dropper {
	return &dropper{log: log, slots: make(chan struct{}, maxLateDrops)}
}

// drop deletes what an upload wrote before it failed because of cause. If the upload may have been
// accepted, it does nothing: the janitor deletes it if it was not.
func (d *dropper) drop(ctx context.Context, upload *store.Upload, cause error) {
	if !upload.Started() || store.IsOutcomeUnknown(cause) {
		return
	}
	timeout := dropTimeout
	if fault.Is(cause, fault.Unavailable) {
		timeout = awayDropTimeout
	}
	ctx = context.WithoutCancel(ctx)
	err := dropWithin(ctx, timeout, upload)
	if err == nil {
		return
	}
	select {
	case d.slots <- struct{}{}:
		go func() {
			defer func() { <-d.slots }()
			d.repeat(ctx, upload)
		}()
	default:
		d.giveUp(ctx, upload, err)
	}
}

// repeat deletes the upload as soon as the database allows it.
func (d *dropper) repeat(ctx context.Context, upload *store.Upload) {
	limited, cancel := context.WithTimeout(ctx, lateDropTimeout)
	defer cancel()
	ticker := time.NewTicker(lateDropInterval)
	defer ticker.Stop()
	for err := limited.Err(); ; {
		select {
		case <-ticker.C:
			if err = dropWithin(limited, awayDropTimeout, upload); err == nil {
				return
			}
		case <-limited.Done():
			d.giveUp(ctx, upload, err)
			return
		}
	}
}

func (d *dropper) giveUp(ctx context.Context, upload *store.Upload, err error) {
	d.log.WarnContext(ctx, "a failed upload was not deleted; the janitor will delete it",
		slog.Any("error", err), slog.String("operation", upload.ID().String()))
}

func dropWithin(ctx context.Context, timeout time.Duration, upload *store.Upload) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return upload.Drop(ctx)
}
