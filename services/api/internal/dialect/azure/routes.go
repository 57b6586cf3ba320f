// Package operations speaks the dialect of Azure's long-running operations (seed 003): Operation-Location leads here, and every other
// dialect's clients can come here for what their own has no words for, such as the records by outcome, or events.
package azure

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Monitor finds operations, waits for them and ends them.
type Monitor interface {
	Find(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	Peek(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	Await(ctx context.Context, op *operation.Operation, limit time.Duration, enough func(*operation.Operation) bool) (*operation.Operation, error)
	Cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error)
	Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error)
	Page(ctx context.Context, f store.Filter, cursor string) (monitor.Page, error)
	Follow(ctx context.Context, id uuid.UUID, after int, beat time.Duration, tell func([]operation.Event) error) error
}

// Store is what the dialect reads beside.
type Store interface {
	Rejections(ctx context.Context, id uuid.UUID, limit int, visit func(operation.Rejection) error) error
	Records(ctx context.Context, id uuid.UUID, outcome operation.Outcome, visit func(row int, received []byte) error) error
}

// Deps are what the dialect works with.
type Deps struct {
	Monitor     Monitor
	Store       Store
	Collections *collection.Catalog
	Addresses   edge.Addresses
	Pacer       *retryafter.Estimator
	// Policy bounds how long a client may wait (Prefer: wait).
	Policy submission.Policy
	// Outputs says where the output of operations is.
	Outputs Outputs
}

// Dialect answers in the words of Azure's guidelines.
type Dialect struct {
	monitor     Monitor
	store       Store
	collections *collection.Catalog
	addresses   edge.Addresses
	pacer       *retryafter.Estimator
	policy      submission.Policy
	outputs     Outputs
}

// New makes the dialect.
func New(d Deps) *Dialect {
	return &Dialect{
		monitor: d.Monitor, store: d.Store, collections: d.Collections, addresses: d.Addresses, pacer: d.Pacer,
		policy: d.Policy, outputs: d.Outputs,
	}
}

// Path is where an operation stands in this dialect.
func Path(op *operation.Operation) string { return "/operations/" + op.ID.String() }

// RecordsPath is where the records of an operation with an outcome are.
func RecordsPath(op *operation.Operation, outcome operation.Outcome) string {
	return Path(op) + "/records?outcome=" + outcome.String()
}

// EventsPath is where the events of an operation are.
func EventsPath(op *operation.Operation) string { return Path(op) + "/events" }

// Routes lists what the dialect answers.
func (d *Dialect) Routes() []edge.Route {
	routes := []edge.Route{
		{
			Method: http.MethodGet, Path: "/operations", Handler: d.list,
			Summary: "List operations, the latest first, by kind, collection, status, createdAfter, createdBefore, label=name=value; maxpagesize, cursor.",
		},
		{
			Method: http.MethodGet, Path: "/operations/:id/records", Handler: d.records,
			Summary: "Stream an operation's records by outcome=failed|created|updated|superseded|unprocessed, as NDJSON or, with format=csv, CSV.",
		},
		{
			Method: http.MethodGet, Path: "/operations/:id/events", Handler: d.events, Streaming: true,
			Summary: "Tell what happens to an operation as it happens (server-sent events), from the beginning or after Last-Event-ID.",
		},
	}
	routes = append(routes, d.monitorRoutes("/operations/:id", "")...)
	return append(routes, d.monitorRoutes("/status/:id", " The same, at the address of seed 003.")...)
}

// monitorRoutes are what a status monitor answers, at one of its two addresses.
func (d *Dialect) monitorRoutes(path, remark string) []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodGet, Path: path, Handler: d.status,
			Summary: "Tell how an operation goes; poll it as Retry-After says, or wait for it with Prefer: wait=seconds." + remark,
		},
		{
			Method: http.MethodPost, Path: path, Handler: d.act,
			Summary: "With :cancel at the end, cancel an operation; what was committed before stays." + remark,
		},
		{
			Method: http.MethodDelete, Path: path, Handler: d.remove,
			Summary: "Cancel an unfinished operation, or prune a finished one." + remark,
		},
	}
}
