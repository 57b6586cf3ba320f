// Package tasks is the dialect of GeoGig's asynchronous tasks (seed 002): a task has a number, a
// status and a phase in words, in JSON or XML, and can be cancelled and pruned by following an
// address.
package tasks

import (
	"context"
	"net/http"
	"strconv"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

// Monitor finds operations and ends them. *monitor.Monitor implements it.
type Monitor interface {
	FindByNumber(ctx context.Context, number int64) (*operation.Operation, error)
	PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error)
	List(ctx context.Context, f store.Filter) (store.Listing, error)
	Cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error)
	Prune(ctx context.Context, op *operation.Operation) error
	Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error)
}

// Deps are the dependencies of a Dialect. All are required.
type Deps struct {
	Monitor   Monitor
	Addresses edge.Addresses
	Estimator *retryafter.Estimator
	// ChangesByGet allows the parameters cancel and prune.
	ChangesByGet bool
}

// Dialect shows operations as GeoGig's tasks.
type Dialect struct{ Deps }

// New returns a Dialect, or an error that names the missing dependencies.
func New(deps Deps) (*Dialect, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Dialect{deps}, nil
}

// Path returns the path of an operation in this dialect. The suffix .json or .xml selects a format.
func Path(op *operation.Operation) string { return "/tasks/" + strconv.FormatInt(op.ShownNumber(), 10) }

// listPaths are the paths of the list. Seed 002 also prints one with a slash at the end.
var listPaths = []string{"/tasks", "/tasks/", "/tasks.json", "/tasks.xml"}

// Routes returns the routes of the dialect. In /tasks/:task the parameter is a number, optionally
// with a suffix for the format.
func (d *Dialect) Routes() []edge.Route {
	routes := []edge.Route{
		{
			Method: http.MethodGet, Path: "/tasks/:task", Query: edge.Parameters{Once: []string{"cancel", "prune"}}, Handler: d.status, Action: access.ReadOperations,
			Summary: "Returns the status of a task as JSON or XML (.json, .xml or Accept). cancel=true cancels it, prune=true deletes it if it is finished.",
		},
		{
			Method: http.MethodDelete, Path: "/tasks/:task", Conditional: true, Handler: d.remove, Action: access.CancelOperations,
			Summary: "Cancels an unfinished task, or deletes a finished one.",
		},
	}
	for _, path := range listPaths {
		routes = append(routes, edge.Route{
			Method: http.MethodGet, Path: path, Handler: d.list, Action: access.ReadOperations,
			Query:   edge.Parameters{Once: []string{"limit", "before"}, Repeated: []string{"status"}},
			Summary: "Lists tasks, the latest first, by status=WAITING|RUNNING|FINISHED|FAILED|CANCELLED, limit and before.",
		})
	}
	return routes
}
