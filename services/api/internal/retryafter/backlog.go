package retryafter

import (
	"context"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// Backlog reads what is live, in the order of acceptance.
type Backlog interface {
	Backlog(ctx context.Context, limit int) ([]store.QueueLoad, error)
}

const (
	// lookInterval is how long a look at the queues serves all polls of this replica.
	lookInterval = time.Second
	// lookTimeout is what a poll waits for a look at most; then it does without.
	lookTimeout = 250 * time.Millisecond
	// staleAfter is when an old look says nothing any more.
	staleAfter = 15 * time.Second
	// mostLoads bounds a look. Behind so many operations an estimate need not be exact.
	mostLoads = 10_000
)

// queues keeps the last look at the queues.
type queues struct {
	backlog Backlog
	now     func() time.Time

	mu sync.Mutex
	// tried is when the last look began, seen when the last one began that saw something.
	tried, seen time.Time
	byKind      map[operation.Kind]queue
}

// queueOf returns the queue of an operation's kind; an empty one if nothing is known.
func (p *Estimator) queueOf(ctx context.Context, op *operation.Operation) queue {
	if p.queues == nil {
		return queue{}
	}
	return p.queues.of(ctx, op.Kind)
}

func (q *queues) of(ctx context.Context, kind operation.Kind) queue {
	if q.begin() {
		q.look(ctx)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.now().Sub(q.seen) > staleAfter {
		return queue{}
	}
	return q.byKind[kind]
}

// begin reports whether it is time for another look, once: the others take the old one meanwhile, since a look ends well before the next is
// due. One that failed is not tried again at once.
func (q *queues) begin() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	if now.Sub(q.tried) < lookInterval {
		return false
	}
	q.tried = now
	return true
}

func (q *queues) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout) // it is for others, too
	defer cancel()
	loads, err := q.backlog.Backlog(ctx, mostLoads)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err == nil { // else an estimate is missing, and nothing else
		q.seen, q.byKind = q.tried, arrange(loads)
	}
}
