// Package admission decides what requests may occupy before they occupy it: memory, uploads,
// downloads, waits and bytes in receipt. A request that exceeds its client's share is answered with
// 429, one for which the whole service has no room with 503, both with Retry-After. Polls, cancels and
// deletes take nothing and are never refused.
package admission

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
)

// retryAfter is the Retry-After of a refused request.
const retryAfter = 5 * time.Second

// Limit bounds a resource.
type Limit struct {
	// Total is the limit for all clients together, Client the limit for one. 0 means no limit.
	Total, Client int64
}

// Pool counts how much of a resource is taken, in all and by each client. It is safe for concurrent
// use.
type Pool struct {
	// name is the label in metrics, noun the plural for messages.
	name, noun string

	limit   Limit
	metrics *metrics.Admission

	mu      sync.Mutex
	used    int64
	clients map[string]int64
	waiting []*waiting
}

// waiting is a caller that waits for room.
type waiting struct {
	client string
	weight int64
	taken  chan struct{}
}

func newPool(name, noun string, limit Limit, m *metrics.Admission) *Pool {
	m.SetLimit(name, limit.Total)
	return &Pool{name: name, noun: noun, limit: limit, metrics: m, clients: make(map[string]int64)}
}

// Used returns how much is taken.
func (p *Pool) Used() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

// take takes weight, or returns a fault: of kind TooMany beyond the client's limit, of kind Busy
// beyond the total.
func (p *Pool) take(client string, weight int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count(p.tryTake(client, weight))
}

// takeWithin is take that waits for room within the total, at most for the given time.
func (p *Pool) takeWithin(ctx context.Context, client string, weight int64, wait time.Duration) error {
	p.mu.Lock()
	err := p.tryTake(client, weight)
	if !fault.Is(err, fault.Busy) || weight > p.limit.Total {
		defer p.mu.Unlock()
		return p.count(err)
	}
	w := &waiting{client: client, weight: weight, taken: make(chan struct{})}
	p.waiting = append(p.waiting, w)
	p.mu.Unlock()
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	select {
	case <-w.taken:
		return p.count(nil)
	case <-timeout.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return p.abandon(w, err)
}

// abandon ends a wait with an error, unless it was just granted.
func (p *Pool) abandon(w *waiting, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, w)
	if i < 0 {
		return p.count(nil)
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	return p.count(err)
}

// tryShare takes weight if at most the given share, in percent, of the total is used then. It does
// not count as a refusal: the caller can do without.
func (p *Pool) tryShare(client string, weight, percent int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit.Total > 0 && (p.used+weight)*100 > p.limit.Total*percent {
		return false
	}
	return p.tryTake(client, weight) == nil
}

func (p *Pool) tryTake(client string, weight int64) error {
	switch {
	case p.limit.Client > 0 && p.clients[client]+weight > p.limit.Client:
		return fault.New(fault.TooMany, "client-limit",
			"This client has reached its limit of %d %s at a time. Wait until some of them end, then try again.", p.limit.Client, p.noun).
			With("limit", p.limit.Client).RetryAfter(retryAfter)
	case p.limit.Total > 0 && p.used+weight > p.limit.Total:
		return fault.New(fault.Busy, "server-busy",
			"The server has no room for more %s at this moment. Nothing was changed; try again in a few seconds.", p.noun).
			RetryAfter(retryAfter)
	}
	p.add(client, weight)
	return nil
}

func (p *Pool) add(client string, weight int64) {
	p.used += weight
	if p.clients[client] += weight; p.clients[client] == 0 {
		delete(p.clients, client)
	}
	p.metrics.SetUsed(p.name, p.used)
}

// give returns weight, and grants what others wait for and fits now.
func (p *Pool) give(client string, weight int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(client, -weight)
	p.waiting = slices.DeleteFunc(p.waiting, func(w *waiting) bool {
		if p.tryTake(w.client, w.weight) != nil {
			return false
		}
		close(w.taken)
		return true
	})
}

// count counts an admission or a refusal.
func (p *Pool) count(err error) error {
	switch {
	case err == nil:
		p.metrics.Admitted(p.name)
	case fault.Is(err, fault.TooMany):
		p.metrics.Rejected(p.name, metrics.RejectedClient)
	case fault.Is(err, fault.Busy):
		p.metrics.Rejected(p.name, metrics.RejectedServer)
	}
	return err
}

// exceeds reports whether more than the given share, in percent, is taken, or a caller waits.
func (p *Pool) exceeds(percent int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit.Total > 0 && (len(p.waiting) > 0 || p.used*100 > p.limit.Total*percent)
}
