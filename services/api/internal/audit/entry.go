package audit

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
)

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
