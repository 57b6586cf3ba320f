package duty

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// FillShares queues held chunks of owners that have fewer entries in a queue than they may have. As a
// rule the worker that ends a step of an owner queues the next held chunk; this duty does it when the
// worker died, when it is of a release without shares, or when an operation was cancelled.
func FillShares(
	db *store.Store, redis *queue.Redis, log *slog.Logger, every time.Duration, shares config.Shares,
) Duty {
	d := fillShares{db: db, dispatcher: queue.NewDispatcher(redis), log: log, shares: shares}
	return Duty{Name: "fill-shares", Every: every, Pass: d.pass}
}

type fillShares struct {
	db         *store.Store
	dispatcher *queue.Dispatcher
	log        *slog.Logger
	shares     config.Shares
}

func (d fillShares) pass(ctx context.Context) error {
	held, err := d.db.HeldShares(ctx)
	if err != nil || len(held) == 0 {
		return err
	}
	if err := d.db.DropHeld(ctx); err != nil {
		return err
	}
	var errs []error
	for _, share := range held {
		errs = append(errs, d.fill(ctx, share))
	}
	return errors.Join(errs...)
}

// fill queues held chunks of one owner. share.Limit is how many are held; without a configured limit all
// of them are queued.
func (d fillShares) fill(ctx context.Context, share store.Share) error {
	missing := share.Limit
	if limit := d.shares.Limit(share.Kind); limit > 0 {
		queued, err := d.db.Queued(ctx, store.Share{Owner: share.Owner, Kind: share.Kind, Limit: limit})
		if err != nil {
			return err
		}
		missing = min(missing, limit-queued)
	}
	for range missing {
		released, err := d.db.Release(ctx, share.Owner, share.Kind, nil)
		if err != nil || len(released) == 0 {
			return err
		}
		for _, next := range released {
			if err := d.dispatcher.DispatchAfter(ctx, 0, next.Kind, next.Entry(), queue.GenerationOf(next.Steps)); err != nil {
				return err // the duty dispatch finds the chunk
			}
		}
	}
	if missing > 0 {
		d.log.InfoContext(ctx, "queued held chunks", slog.String("kind", string(share.Kind)), slog.Int("chunks", missing))
	}
	return nil
}
