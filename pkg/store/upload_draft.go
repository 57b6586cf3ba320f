package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
)

// Draft describes an operation before it is accepted.
type Draft struct {
	// ID is the public id that the client chose; the zero value generates one.
	ID uuid.UUID
	// Tenant owns the operation; empty means the default tenant. In a store for clients it must be the
	// tenant of the principal.
	Tenant     string
	Reference  string
	Kind       operation.Kind
	Collection string
	// CollectionVersion is the version of the collection; 0 if it is not stored.
	CollectionVersion int64
	// Ledger reports whether the collection's imports have an order that the ledger keeps, at least of deletions.
	Ledger bool
	// Writing is what the request says about how the records of an import are written; empty if nothing.
	Writing collection.Writing
	// Lanes is how many of its chunks may be queued at the same time.
	Lanes int
	// Labels are the client's own names and values; nil means none.
	Labels map[string]string
	// Retention is how long the operation is kept after it is finished; 0 uses defaultRetention.
	Retention time.Duration
	// Request is the query of a search or the order of a report; nil for an import.
	Request json.RawMessage
	// Digest identifies the request if the client chose the ID; nil otherwise.
	Digest []byte
	// PollWithin is the interval within which a client must poll the operation; 0 means that no
	// client has to.
	PollWithin time.Duration
	// RequestID is the id of the request that started the operation, for the workers' logs; empty
	// if there is none. Only its first maxRequestID characters are stored.
	RequestID string
	// Traceparent is the trace context of that request; empty if it is not traced.
	Traceparent string
	// Principal is who started the operation; empty if that is unknown.
	Principal string
	// Caller is on whose behalf the collection's table is read and written.
	Caller access.Caller
	// Owner is the client that started the operation: see Share. Empty means none, without a limit.
	Owner string
}

// maxRequestID is the limit of the column request_id, in characters.
const maxRequestID = 128

// defaultRetention is also the default of the column retention.
const defaultRetention = 7 * 24 * time.Hour

// complete sets the id and the tenant of the draft if they are not set, and returns the internal id.
func (d *Draft) complete() (uuid.UUID, error) {
	d.Tenant = cmp.Or(d.Tenant, access.DefaultTenant)
	if d.ID == uuid.Nil {
		id, err := uuid.NewV7()
		if err != nil {
			return uuid.Nil, fmt.Errorf("generating an operation id: %w", err)
		}
		d.ID = id
	}
	return operation.IDIn(d.Tenant, d.ID), nil
}

// identify completes a draft, and returns the scope of the call and the internal id. It fails if the
// draft is of another tenant than the call.
func (s *Store) identify(ctx context.Context, d *Draft) (sc scope, id uuid.UUID, err error) {
	if sc, err = s.scopeOf(ctx); err != nil {
		return sc, uuid.Nil, err
	}
	if d.Tenant, err = sc.tenant(d.Tenant); err != nil {
		return sc, uuid.Nil, err
	}
	id, err = d.complete()
	return sc, id, err
}

// draftColumns are the columns of an operation's new row, and draftValues their values, the parameters that Draft.columns
// returns.
const (
	draftColumns = `task_id, task_reference, task_name, kind, collection, lanes, labels, retention, request,
  payload_digest, poll_deadline, request_id, owner, traceparent, principal, caller_role, caller_claims, tenant, public_id, collection_version, write_options`

	draftValues = `$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp() + $11::interval, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21`
)

// columns returns the values of draftColumns.
func (d Draft) columns(id uuid.UUID) []any {
	name := string(d.Kind) + " " + d.Collection
	labels := d.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	retention := d.Retention
	if retention == 0 {
		retention = defaultRetention
	}
	var pollWithin *time.Duration
	if d.PollWithin > 0 {
		pollWithin = &d.PollWithin
	}
	return []any{
		id, d.Reference, name, d.Kind, d.Collection, d.Lanes, labels, retention, d.Request, d.Digest, pollWithin, d.requestID(),
		nullIfEmpty(d.Owner), nullIfEmpty(d.Traceparent), nullIfEmpty(d.Principal), nullIfEmpty(d.Caller.Role), d.Caller.Claims,
		d.Tenant, d.publicID(), nullIfEmpty(d.CollectionVersion), nullIfUnset(d.Writing),
	}
}

// publicID returns the value of the column public_id: NULL in the default tenant.
func (d Draft) publicID() *uuid.UUID {
	if d.Tenant == access.DefaultTenant {
		return nil
	}
	return &d.ID
}

// nullIfUnset returns NULL if a request says nothing about how records are written.
func nullIfUnset(w collection.Writing) *collection.Writing {
	if w == (collection.Writing{}) {
		return nil
	}
	return &w
}

// requestID returns the value of the column request_id: NULL if there is no request id.
func (d Draft) requestID() *string {
	if d.RequestID == "" {
		return nil
	}
	characters := []rune(d.RequestID)
	short := string(characters[:min(len(characters), maxRequestID)])
	return &short
}

// nullIfEmpty returns NULL for an empty text and for 0.
func nullIfEmpty[T string | int64](value T) *T {
	var empty T
	if value == empty {
		return nil
	}
	return &value
}
