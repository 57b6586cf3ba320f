package queue

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// asynq has no command that waits for an entry: a server that finds its queue empty asks again after an interval. A short
// interval costs Redis many commands, and a long one starts work late. So dispatchers announce entries on the channel of
// changes, and the client of a server holds back its question for the next entry until there is an announcement, or
// until the interval has passed, because announcements can get lost. Subscribers of earlier releases ignore messages that
// are no ids of operations.

// queuedMessage begins the message that announces an entry. The name of the queue follows.
const queuedMessage = "queued "

// retryInterval is how long asynq sleeps after it found a queue empty. What matters is the wait in waker.
const retryInterval = time.Millisecond

// announce wakes the servers of a queue. It only shortens a wait, so errors are ignored.
func (d *Dispatcher) announce(ctx context.Context, queueName string) {
	_ = d.redis.client.Publish(ctx, d.redis.nameOf(changesChannel), queuedMessage+queueName).Err()
}

// waker is a client of Redis for one server of asynq.
type waker struct {
	redis.UniversalClient

	// ctx ends with the server.
	ctx   context.Context //nolint:containedctx // the lifetime of the server
	every time.Duration
	// announced has an element if an entry was announced since the last question.
	announced chan struct{}
	// empty reports whether the queue was empty at the last question.
	empty atomic.Bool
}

// newWaker returns a client for a server that asks for entries at least every interval, and subscribes to announcements
// until ctx ends.
func newWaker(ctx context.Context, r *Redis, queueName string, every time.Duration) *waker {
	w := &waker{UniversalClient: r.client, ctx: ctx, every: every, announced: make(chan struct{}, 1)}
	go subscribe(ctx, r, func(message string) {
		if message == queuedMessage+queueName {
			w.wake()
		}
	})
	return w
}

func (w *waker) wake() {
	select {
	case w.announced <- struct{}{}:
	default: // the server is about to ask anyway
	}
}

// EvalSha runs a script. The only one with a list of pending entries as its first of four keys asks for the next entry.
func (w *waker) EvalSha(ctx context.Context, sha1 string, keys []string, args ...any) *redis.Cmd {
	if len(keys) != 4 || !strings.HasSuffix(keys[0], ":pending") {
		return w.UniversalClient.EvalSha(ctx, sha1, keys, args...)
	}
	if w.empty.Load() {
		w.wait()
	}
	if w.ctx.Err() != nil { // the server stops: it needs no entry, and a Redis that is silent would keep it waiting
		nothing := redis.NewCmd(ctx)
		nothing.SetErr(redis.Nil)
		return nothing
	}
	result := w.UniversalClient.EvalSha(ctx, sha1, keys, args...)
	w.empty.Store(errors.Is(result.Err(), redis.Nil))
	return result
}

// wait returns when an entry is announced, when the interval has passed, or when the server stops.
func (w *waker) wait() {
	timer := time.NewTimer(w.every)
	defer timer.Stop()
	select {
	case <-w.announced:
	case <-timer.C:
	case <-w.ctx.Done():
	}
}
