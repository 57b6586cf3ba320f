// Package google shows operations as google.longrunning does (reference: googleapis, google/longrunning/operations.proto, its HTTP/JSON
// binding; AIP-151): any client of that family can follow, cancel, list and delete what was begun elsewhere.
package google

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

// Monitor finds operations and ends them.
type Monitor interface {
	Find(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	Peek(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	Cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error)
	Prune(ctx context.Context, op *operation.Operation) error
	Page(ctx context.Context, f store.Filter, cursor string) (monitor.Page, error)
}

// Dialect answers in the shapes of google.longrunning.
type Dialect struct {
	monitor   Monitor
	addresses edge.Addresses
	pacer     *retryafter.Estimator
	outputs   azure.Outputs
}

// New makes the dialect; outputs says where the output of operations is.
func New(m Monitor, addresses edge.Addresses, pacer *retryafter.Estimator, outputs azure.Outputs) *Dialect {
	return &Dialect{monitor: m, addresses: addresses, pacer: pacer, outputs: outputs}
}

// Path is where an operation stands in this dialect.
func Path(op *operation.Operation) string { return "/v1/" + nameOf(op) }

// Routes lists what the dialect answers.
func (d *Dialect) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodGet, Path: "/v1/operations", Handler: d.list,
			Summary: `List operations as google.longrunning does, with filter (as in kind="import" AND done=true), pageSize, pageToken.`,
		},
		{
			Method: http.MethodGet, Path: "/v1/operations/:id", Handler: d.get,
			Summary: "Show an operation as google.longrunning does.",
		},
		{
			Method: http.MethodPost, Path: "/v1/operations/:id", Handler: d.act,
			Summary: "With :cancel at the end, ask an operation to end; what was committed before stays.",
		},
		{
			Method: http.MethodDelete, Path: "/v1/operations/:id", Handler: d.remove,
			Summary: "Forget a finished operation. It never cancels.",
		},
	}
}

func (d *Dialect) get(c *gin.Context) error {
	op, err := d.find(c, c.Param("id"))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	d.pacer.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
	c.PureJSON(http.StatusOK, d.shape(c, op))
	return nil
}

// act cancels. As the proto says, success is not promised: who wants to know asks for the operation, and one that has ended otherwise is no
// error.
func (d *Dialect) act(c *gin.Context) error {
	name, _, err := edge.Action(c.Param("id"), "cancel")
	if err != nil {
		return err
	}
	op, err := d.find(c, name)
	if err != nil {
		return err
	}
	if _, err := d.monitor.Cancel(c.Request.Context(), op); err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	empty(c)
	return nil
}

func (d *Dialect) remove(c *gin.Context) error {
	op, err := d.find(c, c.Param("id"))
	if err != nil {
		return err
	}
	if err := d.monitor.Prune(c.Request.Context(), op); fault.Is(err, fault.Conflict) {
		return fault.New(fault.Malformed, "failed-precondition",
			"The operation is not finished, and deleting does not cancel it. Cancel it first: POST %s:cancel.", Path(op)).Because(err)
	} else if err != nil {
		return err
	}
	empty(c)
	return nil
}

// empty answers with google.protobuf.Empty.
func empty(c *gin.Context) { c.PureJSON(http.StatusOK, struct{}{}) }

// find finds an operation. A HEAD does not count as a poll.
func (d *Dialect) find(c *gin.Context, name string) (*operation.Operation, error) {
	id, err := azure.ParseID(name)
	if err != nil {
		return nil, err
	}
	find := edge.Finder(c, d.monitor.Find, d.monitor.Peek)
	return edge.Found(c)(find(c.Request.Context(), id))
}
