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
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
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

// isChange reports whether a request changes something other than starting an operation.
func isChange(route edge.Route, r *http.Request) bool {
	return route.Method == http.MethodDelete || changesByGet(r) || route.Method == http.MethodPost && edge.RequestInfoOf(r.Context()).Accepted == nil
}

// changesByGet reports whether a GET asks for a change, as in the dialect of the tasks.
func changesByGet(r *http.Request) bool {
	query := r.URL.Query()
	return r.Method == http.MethodGet && (query.Has("cancel") || query.Has("prune"))
}

// isRefusal reports whether an error refuses a credential, or what its principal may not do.
func isRefusal(err error) bool {
	return fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Forbidden)
}

// isRecorded reports whether a request is recorded that was served with an error or without.
func isRecorded(c *gin.Context, route edge.Route, err error) bool {
	if isRefusal(err) {
		return true
	}
	// The parts of an upload are recorded when it is finished.
	recorded := route.Method != http.MethodGet && route.Method != http.MethodPut || route.Audited || changesByGet(c.Request)
	if !recorded || err == nil {
		return recorded
	}
	// A client that leaves during a download has read a part, a request may fail after its first change, and
	// a DELETE may have been committed if its answer from Postgres is lost.
	return c.Writer.Written() || edge.RequestInfoOf(c.Request.Context()).Object != "" ||
		route.Method == http.MethodDelete && problem.Status(err) >= http.StatusInternalServerError
}

// entryOf returns the entry of a request that was served with an error or without; ok is false if it is
// not recorded.
func (r *Recorder) entryOf(c *gin.Context, route edge.Route, err error) (entry store.AuditEntry, ok bool) {
	if !isRecorded(c, route, err) {
		return entry, false
	}
	status := c.Writer.Status()
	if err != nil && !c.Writer.Written() {
		status = problem.Status(err)
	}
	entry = store.AuditEntry{
		At: time.Now(), Tenant: access.DefaultTenant, PrincipalKind: "none", Action: string(route.Action), Method: c.Request.Method, Route: strings.ReplaceAll(route.Path, `\:`, ":"),
		Object: objectOf(c), Collection: clean(c.Param("collection")), Status: status, Client: hostOf(c.Request.RemoteAddr), RequestID: c.GetHeader(edge.RequestIDHeader),
	}
	switch query := c.Request.URL.Query(); { // a GET of the dialect of the tasks
	case changesByGet(c.Request) && query.Has("prune"):
		entry.Action = string(access.DeleteOperations)
	case changesByGet(c.Request):
		entry.Action = string(access.CancelOperations)
	}
	if p := access.Of(c.Request.Context()); p != nil {
		entry.Tenant, entry.PrincipalKind, entry.Principal = p.Tenant, p.Kind, p.ID
		if p.Kind != access.Key {
			entry.Credential = p.Credential
		}
		return entry, true
	}
	if secret, is := access.ParseSecret(bearerOf(c.Request)); is {
		entry.Principal = secret.ID
	}
	return entry, r.allowsRefusal(entry.Client, entry.At)
}

// allowsRefusal reports whether another refused credential of the client is stored.
func (r *Recorder) allowsRefusal(client string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.since) >= time.Minute || len(r.refusals) >= maxPending {
		r.since = now
		clear(r.refusals)
	}
	r.refusals[client]++
	return r.refusals[client] <= maxRefusals
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

// objectOf returns what a request was about.
func objectOf(c *gin.Context) string {
	info := edge.RequestInfoOf(c.Request.Context())
	switch {
	case info.Object != "":
		return info.Object
	case info.Accepted != nil:
		return info.Accepted.ShownID().String()
	case info.Operation != uuid.Nil:
		return info.Operation.String()
	}
	for _, p := range c.Params {
		if p.Key != "collection" {
			return clean(p.Value)
		}
	}
	return ""
}

// maxObject bounds what a client writes into an address.
const maxObject = 200

// clean returns a text that Postgres can store.
func clean(text string) string {
	var kept []rune
	for _, r := range text {
		if r >= ' ' && r != 0x7f && len(kept) < maxObject {
			kept = append(kept, r)
		}
	}
	return string(kept)
}

func bearerOf(r *http.Request) string {
	const scheme = "Bearer "
	header := r.Header.Get("Authorization")
	if len(header) <= len(scheme) {
		return ""
	}
	return header[len(scheme):]
}

func hostOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	return host
}
