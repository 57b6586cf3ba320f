package azure

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// status answers with the monitor, at once or, if the client would rather wait (RFC 7240), when the operation is finished or, for a client
// that says what it knows (RFC 9110 section 13.1.2), when there is something new.
func (d *Dialect) status(c *gin.Context) error {
	op, err := d.find(c)
	if err != nil {
		return err
	}
	known := readKnown(c.Request.Header, op)
	if wait := d.policy.Wait(c.Request.Header); wait > 0 {
		op, err = d.monitor.Await(c.Request.Context(), op, wait, known.enough)
		if err != nil {
			return err
		}
		submission.SetPreferenceApplied(c.Writer.Header(), wait)
	}
	if !known.holds(op) {
		d.show(c, op)
		return nil
	}
	d.describe(c, op)
	c.Status(http.StatusNotModified)
	c.Writer.WriteHeaderNow()
	return nil
}

// show answers with the monitor.
func (d *Dialect) show(c *gin.Context, op *operation.Operation) {
	d.describe(c, op)
	c.PureJSON(http.StatusOK, d.shape(c, op))
}

// describe sets the headers of an answer about an operation.
func (d *Dialect) describe(c *gin.Context, op *operation.Operation) {
	c.Header("Cache-Control", "no-store")
	c.Header("ETag", etagOf(op))
	d.pacer.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
}

// act does what a POST asks for.
func (d *Dialect) act(c *gin.Context) error {
	name, _, err := edge.Action(c.Param("id"), "cancel")
	if err != nil {
		return err
	}
	op, err := d.findNamed(c, name)
	if err != nil {
		return err
	}
	if op, err = d.monitor.Cancel(c.Request.Context(), op); err != nil {
		return err
	}
	d.show(c, op)
	return nil
}

// remove cancels what is unfinished, and shows how it ended; of what is finished nothing is left to show.
func (d *Dialect) remove(c *gin.Context) error {
	op, err := d.find(c)
	if err != nil {
		return err
	}
	left, cancelled, err := d.monitor.Delete(c.Request.Context(), op)
	if err != nil {
		return err
	}
	if cancelled {
		d.show(c, left)
		return nil
	}
	edge.NoContent(c)
	return nil
}

func (d *Dialect) find(c *gin.Context) (*operation.Operation, error) {
	return d.findNamed(c, c.Param("id"))
}

// findNamed finds an operation. A HEAD does not count as a poll.
func (d *Dialect) findNamed(c *gin.Context, name string) (*operation.Operation, error) {
	id, err := ParseID(name)
	if err != nil {
		return nil, err
	}
	find := edge.Finder(c, d.monitor.Find, d.monitor.Peek)
	return edge.Found(c)(find(c.Request.Context(), id))
}

// ParseID reads the id of an operation in an address. What can be none is a fault of kind NotFound.
func ParseID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, fault.New(fault.NotFound, "operation-not-found",
			"There is no such operation: its id is not a UUID. Use the address in the Operation-Location header of the 202 answer.")
	}
	return id, nil
}
