// Package azure is the dialect of Azure's long-running operations (seed 003). Operation-Location
// refers to it, and clients of every other dialect can use it for what their own has no form for,
// such as records by outcome, or events.
package azure

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Monitor finds operations, waits for them and ends them. *monitor.Monitor implements it.
type Monitor interface {
	dialect.Finder
	Await(ctx context.Context, op *operation.Operation, limit time.Duration, enough func(*operation.Operation) bool) (*operation.Operation, error)
	Cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error)
	Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error)
	Page(ctx context.Context, f store.Filter, cursor string) (monitor.Page, error)
	Follow(ctx context.Context, id uuid.UUID, after int, heartbeat time.Duration, send func([]operation.Event) error) error
}

// Store reads the records of imports. *store.Store implements it.
type Store interface {
	Rejections(ctx context.Context, id uuid.UUID, limit int, visit func(operation.Rejection) error) error
	Records(ctx context.Context, id uuid.UUID, outcome operation.Outcome, visit func(row int, received []byte) error) error
}

// Deps are the dependencies of a Dialect. All are required.
type Deps struct {
	Monitor     Monitor
	Store       Store
	Collections *collection.Catalog
	Addresses   edge.Addresses
	Estimator   *retryafter.Estimator
	// Policy limits how long a client may wait (Prefer: wait).
	Policy submission.Policy
}

// Dialect shows operations as Azure's guidelines do.
type Dialect struct{ Deps }

// New returns a Dialect, or an error that names the missing dependencies.
func New(deps Deps) (*Dialect, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Dialect{deps}, nil
}

// Routes returns the routes of the dialect.
func (d *Dialect) Routes() []edge.Route {
	routes := []edge.Route{
		{
			Method: http.MethodGet, Path: "/operations", Handler: d.list, Action: access.ReadOperations, Query: listQuery(),
			Summary: "Lists operations, the latest first, by kind, collection, status, createdAfter, createdBefore, label=name=value; maxpagesize, cursor.",
		},
		{
			Method: http.MethodGet, Path: "/operations/:id/records", Query: edge.Parameters{Once: []string{"outcome", "format"}}, Audited: true, Handler: d.records, Action: access.ReadRecords,
			Summary: "Streams an import's records by outcome=failed|created|updated|superseded|unprocessed, as NDJSON or, with format=csv, CSV.",
		},
		{
			Method: http.MethodGet, Path: "/operations/:id/events", Query: edge.Parameters{Once: []string{"lastEventId"}}, Handler: d.events, Action: access.ReadOperations, Streaming: true,
			Summary: "Streams the changes of an operation as server-sent events, from the beginning or after Last-Event-ID.",
		},
	}
	routes = append(routes, d.monitorRoutes("/operations/:id", "")...)
	return append(routes, d.monitorRoutes("/status/:id", " Alias of /operations/:id.")...)
}

// monitorRoutes returns the routes of the status monitor at one of its two paths. remark is
// appended to their summaries.
func (d *Dialect) monitorRoutes(path, remark string) []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodGet, Path: path, Handler: d.status, Action: access.ReadOperations,
			Summary: "Returns the status of an operation. Poll it as Retry-After says, or wait for the end with Prefer: wait=seconds." + remark,
		},
		{
			Method: http.MethodPost, Path: path, Conditional: true, Handler: d.act, Action: access.CancelOperations,
			Summary: "Cancels an operation (path with :cancel at the end). What was committed before stays." + remark,
		},
		{
			Method: http.MethodDelete, Path: path, Conditional: true, Handler: d.remove, Action: access.CancelOperations,
			Summary: "Cancels an unfinished operation, or deletes a finished one." + remark,
		},
	}
}
