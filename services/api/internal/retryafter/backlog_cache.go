package retryafter

import (
	"context"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// Backlog reads the load of all unfinished operations, in the order of their acceptance.
// *store.Store implements it.
type Backlog interface {
	Backlog(ctx context.Context, limit int) ([]store.QueueLoad, error)
}

const (
	// refreshInterval is how long one read of the backlog is used for all polls of this process.
	refreshInterval = time.Second
	// readTimeout bounds how long a poll waits for a read; then it continues without an estimate.
	readTimeout = 250 * time.Millisecond
	// maxAge is how long a read is used while later reads fail.
	maxAge = 15 * time.Second
	// maxLoads bounds the operations that are read. Behind so many, an estimate need not be exact.
	maxLoads = 10_000
)

// backlogCache caches the last read of the backlog.
type backlogCache struct {
	backlog Backlog
	now     func() time.Time

	mu sync.Mutex
	// attempted is the start of the last read, updated the start of the last successful one.
	attempted, updated time.Time
	byKind             map[operation.Kind]backlog
}

// backlogOf returns the queue of an operation's kind; an empty one if it is unknown.
func (e *Estimator) backlogOf(ctx context.Context, op *operation.Operation) backlog {
	if e.backlogs == nil {
		return backlog{}
	}
	return e.backlogs.of(ctx, op.Kind)
}

func (q *backlogCache) of(ctx context.Context, kind operation.Kind) backlog {
	if q.startRefresh() {
		q.refresh(ctx)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.now().Sub(q.updated) > maxAge {
		return backlog{}
	}
	return q.byKind[kind]
}

// startRefresh reports to one caller per interval that the backlog must be read. The other callers
// use the previous read meanwhile. A failed read is not repeated within the interval.
func (q *backlogCache) startRefresh() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	if now.Sub(q.attempted) < refreshInterval {
		return false
	}
	q.attempted = now
	return true
}

// refresh reads the backlog. It ignores errors, because an estimate is optional, and continues if
// the caller's request is canceled, because other requests use the result.
func (q *backlogCache) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
	defer cancel()
	loads, err := q.backlog.Backlog(ctx, maxLoads)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err == nil {
		q.updated, q.byKind = q.attempted, backlogsByKind(loads)
	}
}
