package worker

import (
	"context"
	"errors"
	"log/slog"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/store"
)

// following returns the chunks to queue after a committed step. A queue contains a limited number of
// entries of each owner: if others of its chunks are held, the one that was held first takes the place
// of the finished entry.
func (w *Worker) following(ctx context.Context, attempt store.Attempt, done store.Committed) []store.Next {
	var same, other []store.Next // of the finished entry's queue, and of another one
	for _, next := range done.Next {
		switch {
		case next.Kind == w.kind:
			same = append(same, next)
		case !w.hold(ctx, attempt.Owner, next.Due):
			other = append(other, next)
		}
	}
	if done.Held {
		same = w.release(ctx, attempt.Owner, same)
	}
	return append(same, other...)
}

// ended reports whether the entry of a step with the result is finished although no step was committed.
func ended(result metrics.StepResult) bool {
	return result == metrics.StepNoop || result == metrics.StepFailedInternal || result == metrics.StepFailedClient
}

// releaseNext queues a held chunk of the owner in the place of an entry that ended without a committed
// step.
func (w *Worker) releaseNext(ctx context.Context, attempt store.Attempt) {
	if attempt.Owner == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dispatchTimeout)
	defer cancel()
	w.dispatchAll(ctx, 0, w.release(ctx, attempt.Owner, nil))
}

// giveWay exchanges an entry that is to be retried for a held chunk of the owner, which is processed
// after the delay of the retry. So chunks that can't be processed for long, such as those of a locked
// table, do not occupy the owner's share. It returns the error itself if nothing is held; nil means that
// the entry is done.
func (w *Worker) giveWay(ctx context.Context, c job.Chunk, attempt store.Attempt, err error) error {
	retry, ok := errors.AsType[*queue.RetryAfterError](err)
	if !ok || attempt.Owner == "" || ctx.Err() != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, dispatchTimeout)
	defer cancel()
	released := w.release(ctx, attempt.Owner, []store.Next{{Due: job.Due{Kind: w.kind, Chunk: c}}})
	if len(released) == 0 || released[0].Chunk == c {
		return err
	}
	level := slog.LevelWarn
	if retry.Quiet {
		level = slog.LevelDebug
	}
	w.Log.Log(ctx, level, "the chunk gives way to a held one of its owner", slog.String("reason", retry.Reason), slog.Any("error", retry.Err))
	w.dispatchAll(ctx, retry.Delay, released)
	return nil
}

// release exchanges chunks that became due for one that is held. After an error it returns the chunks
// themselves.
func (w *Worker) release(ctx context.Context, owner string, due []store.Next) []store.Next {
	released, err := w.Store.Release(ctx, owner, w.kind, due)
	if err != nil {
		w.Log.WarnContext(ctx, "no held chunk was released; the janitor will do it", slog.Any("error", err))
	}
	return released
}

// hold holds a chunk if the owner's share of its queue is used up, and reports whether it did so.
func (w *Worker) hold(ctx context.Context, owner string, due job.Due) bool {
	limit := w.Shares.Limit(due.Kind)
	if owner == "" || limit == 0 {
		return false
	}
	held, _, err := w.Store.Hold(ctx, store.Share{Owner: owner, Kind: due.Kind, Limit: limit}, job.Entry{Chunk: due.Chunk})
	if err != nil {
		w.Log.WarnContext(ctx, "the owner's share of the queue is unknown", slog.Any("error", err))
	}
	return held
}
