package tasks

import (
	"context"
	"regexp"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// status answers with a task, after what the request wishes was done.
func (d *Dialect) status(c *gin.Context) error {
	name, f := begin(c, c.Param("task"))
	wanted, err := readWish(c.Request)
	if err != nil {
		return err
	}
	op, err := d.find(c, name)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if wanted.cancel && !op.State.Terminal() {
		if op, err = d.cancel(ctx, op); err != nil {
			return err
		}
	}
	if wanted.prune && op.State.Terminal() {
		if err := d.monitor.Prune(ctx, op); err != nil {
			return err
		}
	}
	return d.show(c, f, op)
}

// remove cancels an unfinished task, which stays to be asked for, and forgets a finished one.
func (d *Dialect) remove(c *gin.Context) error {
	name, f := begin(c, c.Param("task"))
	op, err := d.find(c, name)
	if err != nil {
		return err
	}
	left, cancelled, err := d.monitor.Delete(c.Request.Context(), op)
	if err != nil {
		return err
	}
	if cancelled {
		return d.show(c, f, left)
	}
	edge.NoContent(c)
	return nil
}

// begin does what every answer needs: nobody may keep it, for the next look can be another one, and an address without a suffix has several
// faces. It returns the address without its suffix, and the format.
func begin(c *gin.Context, last string) (string, format) {
	c.Header("Cache-Control", "no-store")
	bare, f := cutSuffix(last, c.Request)
	if bare == last {
		c.Header("Vary", "Accept")
	}
	return bare, f
}

// taskID is what the id of a task looks like: no sign, no leading zero, so that a task has one address.
var taskID = regexp.MustCompile(`^[1-9]\d{0,18}$`)

// find finds a task. A HEAD does not count as a poll.
func (d *Dialect) find(c *gin.Context, name string) (*operation.Operation, error) {
	number, err := strconv.ParseInt(name, 10, 64)
	if err != nil || !taskID.MatchString(name) {
		return nil, fault.New(fault.NotFound, "operation-not-found",
			"There is no such task: its id is a whole number, as in /tasks/5, /tasks/5.json or /tasks/5.xml. GET /tasks lists them.")
	}
	find := edge.Finder(c, d.monitor.FindByNumber, d.monitor.PeekByNumber)
	return edge.Found(c)(find(c.Request.Context(), number))
}

// cancel cancels a task. One that ended just before is returned as it ended: wishing again and again is no problem (seed 002).
func (d *Dialect) cancel(ctx context.Context, op *operation.Operation) (*operation.Operation, error) {
	now, err := d.monitor.Cancel(ctx, op)
	if fault.Is(err, fault.Conflict) {
		return d.monitor.FindByNumber(ctx, op.Number)
	}
	return now, err
}

func (d *Dialect) show(c *gin.Context, f format, op *operation.Operation) error {
	d.pacer.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
	shown := d.shape(op, d.absolute(c))
	return write(c, f, wrapped{shown}, shown)
}

// absolute makes the addresses that a request's answer holds.
func (d *Dialect) absolute(c *gin.Context) func(path string) string {
	return func(path string) string { return d.addresses.Absolute(c.Request, path) }
}
