package azure

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// status responds with the status monitor. A client that prefers to wait (RFC 7240) gets the
// response when the operation is finished or, if it sends the ETag that it knows (RFC 9110 section
// 13.1.2), at the next change.
func (d *Dialect) status(c *gin.Context) error {
	op, err := dialect.Find(c, d.Monitor, c.Param("id"))
	if err != nil {
		return err
	}
	etags := readETags(c.Request.Header, op)
	if wait := d.Policy.Wait(c.Request.Header); wait > 0 {
		op, err = d.Monitor.Await(c.Request.Context(), op, wait, etags.settled)
		switch {
		case err == nil:
			submission.SetPreferenceApplied(c.Writer.Header(), wait)
		case !errors.Is(err, monitor.ErrNoWait): // the preference may be ignored (RFC 7240)
			return err
		}
	}
	if !etags.match(op) {
		d.respond(c, op)
		return nil
	}
	d.setHeaders(c, op)
	c.Status(http.StatusNotModified)
	c.Writer.WriteHeaderNow()
	return nil
}

// respond writes the status monitor.
func (d *Dialect) respond(c *gin.Context, op *operation.Operation) {
	d.setHeaders(c, op)
	c.PureJSON(http.StatusOK, d.newStatus(c, op))
}

func (d *Dialect) setHeaders(c *gin.Context, op *operation.Operation) {
	c.Header("Cache-Control", "no-store")
	c.Header("ETag", etagOf(op))
	d.Estimator.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
}

// act performs the action that a POST names at the end of its path.
func (d *Dialect) act(c *gin.Context) error {
	id, _, err := edge.Action(c.Param("id"), "cancel")
	if err != nil {
		return err
	}
	op, err := dialect.Find(c, d.Monitor, id)
	if err != nil {
		return err
	}
	if op, err = d.Monitor.Cancel(c.Request.Context(), op); err != nil {
		return err
	}
	d.respond(c, op)
	return nil
}

// remove cancels an unfinished operation and responds with its final status; it deletes a finished
// one and responds with 204.
func (d *Dialect) remove(c *gin.Context) error {
	op, err := dialect.Find(c, d.Monitor, c.Param("id"))
	if err != nil {
		return err
	}
	left, cancelled, err := d.Monitor.Delete(c.Request.Context(), op)
	if err != nil {
		return err
	}
	if cancelled {
		d.respond(c, left)
		return nil
	}
	edge.NoContent(c)
	return nil
}
