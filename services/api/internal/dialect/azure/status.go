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
	if wait := d.Policy.Wait(c.Request.Header); wait > 0 {
		op, err = d.Monitor.Await(c.Request.Context(), op, wait, settled(c.Request.Header))
		switch {
		case err == nil:
			submission.SetPreferenceApplied(c.Writer.Header(), wait)
		case !errors.Is(err, monitor.ErrNoWait): // the preference may be ignored (RFC 7240)
			return err
		}
	}
	return d.respond(c, op)
}

// settled returns when a waiting client gets its response: at the next change if it sent an ETag, otherwise at the
// end.
func settled(h http.Header) func(*operation.Operation) bool {
	return func(op *operation.Operation) bool {
		return monitor.Finished(op) || len(h.Values("If-None-Match")) > 0 && !dialect.Matches(h, op)
	}
}

// respond writes the status monitor.
func (d *Dialect) respond(c *gin.Context, op *operation.Operation) error {
	c.Header("Cache-Control", "no-store")
	d.Estimator.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
	if answered, err := dialect.Answer(c, op); answered || err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, d.newStatus(c, op))
	return nil
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
	return d.respond(c, op)
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
		return d.respond(c, left)
	}
	edge.NoContent(c)
	return nil
}
