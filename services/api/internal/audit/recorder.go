// Package audit records who did what, from where, in the audit log, and lets administrators read it.
//
// Recorded are changes, reads of records and files, and refused credentials and rights. The status and the
// lists of operations are not: clients ask for them all the time. An answer about a change is sent after
// its entry is stored. What starts an operation is recorded shortly after its answer, because the operation
// itself names its principal and its request; so are reads.
package audit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// Store stores entries. *store.Store implements it.
type Store interface {
	WriteAudit(ctx context.Context, entries []store.AuditEntry) error
	Audit(ctx context.Context, tenant string, f store.AuditFilter) ([]store.AuditEntry, error)
}

const (
	// maxBatch is how many entries are written together, and maxPending how many may wait.
	maxBatch, maxPending = 500, 10_000
	// waitTimeout is how long an answer waits for its entry. The change has happened by then.
	waitTimeout = 5 * time.Second
	// maxRefusals is how many refused credentials of a client are stored in a minute; the log has all.
	maxRefusals = 10
)

// Recorder writes entries. It is safe for concurrent use.
type Recorder struct {
	store   Store
	log     *slog.Logger
	pending chan pending

	mu       sync.Mutex
	since    time.Time
	refusals map[string]int
}

// pending is an entry that waits to be written. stored, unless it is nil, is closed after the attempt to write it.
type pending struct {
	entry  store.AuditEntry
	stored chan struct{}
}

// NewRecorder returns a recorder. Run must run meanwhile.
func NewRecorder(s Store, log *slog.Logger) *Recorder {
	return &Recorder{store: s, log: log, pending: make(chan pending, maxPending), refusals: make(map[string]int)}
}

// Run writes entries until ctx ends, and then those that still wait. It must end after the last request. Entries that arrive while others are
// written are written together.
func (r *Recorder) Run(ctx context.Context) {
	for {
		select {
		case first := <-r.pending:
			r.write(context.WithoutCancel(ctx), r.collect(first))
		case <-ctx.Done():
			for len(r.pending) > 0 {
				r.write(context.WithoutCancel(ctx), r.collect(<-r.pending))
			}
			return
		}
	}
}

func (r *Recorder) collect(first pending) []pending {
	batch := []pending{first}
	for len(batch) < maxBatch {
		select {
		case next := <-r.pending:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

func (r *Recorder) write(ctx context.Context, batch []pending) {
	entries := make([]store.AuditEntry, len(batch))
	for i, p := range batch {
		entries[i] = p.entry
	}
	err := r.store.WriteAudit(ctx, entries)
	if err != nil && len(batch) > 1 && !fault.Is(err, fault.Unavailable) { // one entry must not cost the others
		for _, p := range batch {
			r.write(ctx, []pending{p})
		}
		return
	}
	if err != nil {
		r.log.ErrorContext(ctx, "entries of the audit log were not stored; the log of the api has them", slog.Int("entries", len(entries)), slog.Any("error", err))
	}
	for _, p := range batch {
		if p.stored != nil {
			close(p.stored)
		}
	}
}

// Record returns the route with a handler that records its requests. The handler of the route must
// authenticate them.
func (r *Recorder) Record(route edge.Route) edge.Route {
	if route.Action == access.Public {
		return route
	}
	handle := route.Handler
	route.Handler = func(c *gin.Context) error {
		err := handle(c)
		if entry, ok := r.entryOf(c, route, err); ok {
			r.add(c.Request.Context(), entry, !isRefusal(err) && isChange(route, c.Request))
		}
		return err
	}
	return route
}

// add logs the entry and queues it. If wait is true, it waits until the entry is stored.
func (r *Recorder) add(ctx context.Context, entry store.AuditEntry, wait bool) {
	r.log.InfoContext(ctx, "audit", slog.String("tenant", entry.Tenant), slog.String("principal", string(entry.PrincipalKind)+" "+entry.Principal),
		slog.String("action", entry.Action), slog.String("route", entry.Method+" "+entry.Route), slog.String("object", entry.Object),
		slog.Int("status", entry.Status), slog.String("client", entry.Client))
	p := pending{entry: entry}
	if wait {
		p.stored = make(chan struct{})
	}
	timeout := time.NewTimer(waitTimeout)
	defer timeout.Stop()
	select {
	case r.pending <- p:
	case <-timeout.C:
		r.log.ErrorContext(ctx, "an entry of the audit log was not stored: too many wait")
		return
	}
	if wait {
		select {
		case <-p.stored: // Run has logged an error
		case <-timeout.C:
		}
	}
}
