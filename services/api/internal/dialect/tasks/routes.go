// Package tasks speaks the dialect of seed 002, GeoGig's asynchronous tasks: a number, a status, a phase in words, in JSON or XML,
// and requests to cancel and to prune that anybody can make by following an address.
package tasks

import (
	"context"
	"net/http"
	"strconv"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

// Monitor finds operations and ends them.
type Monitor interface {
	FindByNumber(ctx context.Context, number int64) (*operation.Operation, error)
	PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error)
	List(ctx context.Context, f store.Filter) ([]*operation.Operation, error)
	Cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error)
	Prune(ctx context.Context, op *operation.Operation) error
	Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error)
}

// Dialect answers in the words of seed 002.
type Dialect struct {
	monitor   Monitor
	addresses edge.Addresses
	pacer     *retryafter.Estimator
	outputs   azure.Outputs
}

// New makes the dialect.
func New(monitor Monitor, addresses edge.Addresses, pacer *retryafter.Estimator, outputs azure.Outputs) *Dialect {
	return &Dialect{monitor: monitor, addresses: addresses, pacer: pacer, outputs: outputs}
}

// Path is where an operation stands in this dialect. With the suffix .json or .xml it is always answered in that format.
func Path(op *operation.Operation) string { return "/tasks/" + strconv.FormatInt(op.Number, 10) }

// lists are the addresses of the list. Seed 002 prints it with a slash at the end, too.
var lists = []string{"/tasks", "/tasks/", "/tasks.json", "/tasks.xml"}

// Routes lists what the dialect answers. The last part of /tasks/:task is a number, and a suffix if the client wants one.
func (d *Dialect) Routes() []edge.Route {
	routes := []edge.Route{
		{
			Method: http.MethodGet, Path: "/tasks/:task", Handler: d.status,
			Summary: "Tell how a task goes, in JSON or XML (.json, .xml or Accept); cancel=true cancels it, prune=true forgets it if it is finished.",
		},
		{
			Method: http.MethodDelete, Path: "/tasks/:task", Handler: d.remove,
			Summary: "Cancel an unfinished task, forget a finished one.",
		},
	}
	for _, path := range lists {
		routes = append(routes, edge.Route{
			Method: http.MethodGet, Path: path, Handler: d.list,
			Summary: "List the tasks, the latest first, by status=WAITING|RUNNING|FINISHED|FAILED|CANCELLED, limit and before.",
		})
	}
	return routes
}
