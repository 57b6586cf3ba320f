package tasks

import (
	"context"
	"net/http"
	"regexp"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/precondition"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// status carries out the actions of the query, if any, and responds with the task.
func (d *Dialect) status(c *gin.Context) error {
	id, f := prepare(c, c.Param("task"))
	actions, err := d.readActions(c.Request)
	if err != nil {
		return err
	}
	op, err := d.find(c, id)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if actions.cancel && !op.State.Terminal() {
		if op, err = d.cancel(ctx, op); err != nil {
			return err
		}
		ctx = fulfilled(c)
	}
	if actions.prune && op.State.Terminal() {
		if err := d.Monitor.Prune(ctx, op); err != nil {
			return err
		}
		fulfilled(c)
	}
	return d.respond(c, f, op)
}

// fulfilled removes the conditions of the request, which held when its first change was made: the change made another
// revision. It returns the context of the request.
func fulfilled(c *gin.Context) context.Context {
	for _, name := range []string{"If-Match", "If-None-Match", "If-Unmodified-Since"} {
		c.Request.Header.Del(name)
	}
	c.Request = c.Request.WithContext(precondition.With(c.Request.Context(), precondition.Condition{}))
	return c.Request.Context()
}

// remove cancels an unfinished task and responds with its final status; it deletes a finished one
// and responds with 204.
func (d *Dialect) remove(c *gin.Context) error {
	id, f := prepare(c, c.Param("task"))
	op, err := d.find(c, id)
	if err != nil {
		return err
	}
	left, cancelled, err := d.Monitor.Delete(c.Request.Context(), op)
	if err != nil {
		return err
	}
	if cancelled {
		return d.respond(c, f, left)
	}
	edge.NoContent(c)
	return nil
}

// prepare sets the header that prevents caching, and splits the last segment of the path into the bare segment
// and the format.
func prepare(c *gin.Context, segment string) (string, format) {
	c.Header("Cache-Control", "no-store")
	return cutSuffix(segment, c.Request)
}

// taskID matches the id of a task. A sign or leading zeros are not allowed, so that every task has
// exactly one address.
var taskID = regexp.MustCompile(`^[1-9]\d{0,18}$`)

// find finds a task by its id. A HEAD does not count as a poll.
func (d *Dialect) find(c *gin.Context, id string) (*operation.Operation, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || !taskID.MatchString(id) {
		return nil, fault.New(fault.NotFound, "operation-not-found",
			"There is no such task: its id is a whole number, as in /tasks/5, /tasks/5.json or /tasks/5.xml. GET /tasks lists them.")
	}
	find := d.Monitor.FindByNumber
	if c.Request.Method == http.MethodHead {
		find = d.Monitor.PeekByNumber
	}
	op, err := find(c.Request.Context(), number)
	if err != nil {
		return nil, err
	}
	edge.SetOperation(c, op)
	return op, nil
}

// cancel cancels a task. A task that finished before is returned as it is: cancelling is idempotent
// (seed 002).
func (d *Dialect) cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error) {
	cancelled, err := d.Monitor.Cancel(ctx, op)
	if fault.Is(err, fault.Conflict) {
		return d.Monitor.FindByNumber(ctx, op.ShownNumber())
	}
	return cancelled, err
}

func (d *Dialect) respond(c *gin.Context, f format, op *operation.Operation) error {
	d.Estimator.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
	if answered, err := dialect.Answer(c, op); answered || err != nil {
		return err
	}
	shape := newTask(op, d.absolute(c))
	return write(c, f, wrapped{shape}, shape)
}

// absolute returns a function that makes the paths in a response absolute.
func (d *Dialect) absolute(c *gin.Context) func(path string) string {
	return func(path string) string { return d.Addresses.Absolute(c.Request, path) }
}
