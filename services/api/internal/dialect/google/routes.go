// Package google is the dialect of google.longrunning (reference: googleapis,
// google/longrunning/operations.proto, its HTTP/JSON binding; AIP-151): any client of that family
// can follow, cancel, list and delete operations that other routes started.
package google

import (
	"context"
	"net/http"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

// Monitor finds operations and ends them. *monitor.Monitor implements it.
type Monitor interface {
	dialect.Finder
	Cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error)
	Prune(ctx context.Context, op *operation.Operation) error
	Page(ctx context.Context, f store.Filter, cursor string) (monitor.Page, error)
}

// Deps are the dependencies of a Dialect. All are required.
type Deps struct {
	Monitor   Monitor
	Addresses edge.Addresses
	Estimator *retryafter.Estimator
}

// Dialect shows operations as google.longrunning does.
type Dialect struct{ Deps }

// New returns a Dialect, or an error that names the missing dependencies.
func New(deps Deps) (*Dialect, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Dialect{deps}, nil
}

// Path returns the path of an operation in this dialect.
func Path(op *operation.Operation) string { return "/v1/" + nameOf(op) }

// Routes returns the routes of the dialect.
func (d *Dialect) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodGet, Path: "/v1/operations", Handler: d.list, Action: access.ReadOperations,
			Query:   edge.Parameters{Once: []string{"filter", "pageSize", "page_size", "pageToken", "page_token", "name", "returnPartialSuccess"}},
			Summary: `Lists operations as google.longrunning does, with filter (as in kind="import" AND done=true), pageSize, pageToken.`,
		},
		{
			Method: http.MethodGet, Path: "/v1/operations/:id", Handler: d.get, Action: access.ReadOperations,
			Summary: "Returns an operation as google.longrunning does.",
		},
		{
			Method: http.MethodPost, Path: "/v1/operations/:id", Conditional: true, Handler: d.act, Action: access.CancelOperations,
			Summary: "Requests the cancellation of an operation (path with :cancel at the end). What was committed before stays.",
		},
		{
			Method: http.MethodDelete, Path: "/v1/operations/:id", Conditional: true, Handler: d.remove, Action: access.DeleteOperations,
			Summary: "Deletes a finished operation. It never cancels.",
		},
	}
}
