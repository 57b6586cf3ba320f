// Package submission contains what all requests that start an operation share: their headers and
// body, accepting the operation, dispatching its first jobs, and waiting for its end.
package submission

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/tracing"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// Headers are the parsed headers of a request that starts an operation.
type Headers struct {
	// ID is the operation id that the client chose (Operation-Id); zero if it chose none.
	ID uuid.UUID
	// RequestID is the id of the request (X-Request-Id), which the server always sets.
	RequestID string
	// Traceparent is the trace context of the request; empty if traces are not recorded.
	Traceparent string
	// Labels are the client's labels (Longshore-Labels); nil without the header.
	Labels map[string]string
	// Retention is how long the operation is kept after it is finished (Longshore-Retention, or the
	// default of its kind).
	Retention time.Duration
	// Wait is how long the client prefers to wait for the end of the operation (Prefer: wait=n,
	// RFC 7240); 0 without the preference.
	Wait time.Duration
	// Owner is the client that sent the request: its operations share places in the queues.
	Owner string
	// principal is who sent the request.
	principal *access.Principal
	// roles are those that callers may have.
	roles []string
}

// RetentionRange bounds how long the operations of a kind are kept after they are finished.
type RetentionRange struct {
	Default, Min, Max time.Duration
}

// Policy bounds the values of the headers.
type Policy struct {
	// Retention has a range for each kind.
	Retention map[operation.Kind]RetentionRange
	// MaxWait bounds Prefer: wait; higher values are reduced to it.
	MaxWait time.Duration
	// Roles are the roles in Postgres with which collections may be read and written.
	Roles []string
}

// Read parses the headers of a request that starts an operation of the kind. It returns a fault of
// kind Malformed, with the accepted values in its message, if a header is invalid.
func (p Policy) Read(r *http.Request, kind operation.Kind) (Headers, error) {
	id, err := parseID(r.Header)
	if err != nil {
		return Headers{}, err
	}
	labels, err := parseLabels(r.Header)
	if err != nil {
		return Headers{}, err
	}
	retention, err := p.parseRetention(r.Header, kind)
	if err != nil {
		return Headers{}, err
	}
	return Headers{
		ID: id, RequestID: r.Header.Get(edge.RequestIDHeader), Traceparent: tracing.Traceparent(r.Context()),
		Labels: labels, Retention: retention, Wait: p.Wait(r.Header), Owner: edge.ClientOf(r),
		principal: access.Of(r.Context()), roles: p.Roles,
	}, nil
}

// Draft returns a new draft of an operation with the values of the headers. target is the collection
// whose table the operation reads or writes; nil if it uses none. The error is a fault of kind Forbidden
// if the collection's role may not be used by the principal.
func (h Headers) Draft(kind operation.Kind, target *collection.Collection, lanes int) (store.Draft, error) {
	draft := store.Draft{
		ID: h.ID, Reference: operation.NewReference(), Kind: kind, Lanes: lanes,
		Labels: h.Labels, Retention: h.Retention, RequestID: h.RequestID, Traceparent: h.Traceparent, Owner: h.Owner,
	}
	if h.principal != nil {
		draft.Principal, draft.Tenant = h.principal.ID, h.principal.Tenant
	}
	if target == nil {
		return draft, nil
	}
	var err error
	draft.Collection, draft.CollectionVersion = target.Name, target.Version
	draft.Ledger = kind == operation.Import && target.Ordering != collection.Unordered
	draft.Caller, err = h.callerOf(target)
	return draft, err
}

// parseID parses Operation-Id, a UUID as Azure's REST guidelines suggest.
func parseID(h http.Header) (uuid.UUID, error) {
	text := h.Get("Operation-Id")
	if text == "" {
		return uuid.Nil, nil
	}
	id, err := operation.ParseID(text)
	if err != nil || id == uuid.Nil {
		return uuid.Nil, fault.New(fault.Malformed, "invalid-operation-id", "Operation-Id must be a UUID that is not all zeros.")
	}
	return id, nil
}

func (p Policy) parseRetention(h http.Header, kind operation.Kind) (time.Duration, error) {
	limits := p.Retention[kind]
	text := h.Get("Longshore-Retention")
	if text == "" {
		return limits.Default, nil
	}
	retention, err := parseDuration(text)
	if err != nil || retention < limits.Min || retention > limits.Max {
		return 0, fault.New(fault.Malformed, "invalid-retention",
			"Longshore-Retention must be seconds, or a number with s, m, h or d, from %s to %s.", limits.Min, limits.Max).
			With("least_seconds", int(limits.Min.Seconds())).With("most_seconds", int(limits.Max.Seconds()))
	}
	return retention, nil
}
