package google

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// get responds with an operation.
func (d *Dialect) get(c *gin.Context) error {
	op, err := dialect.Find(c, d.Monitor, c.Param("id"))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	d.Estimator.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
	if answered, err := dialect.Answer(c, op); answered || err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, d.newOperation(c, op))
	return nil
}

// act cancels an operation. As the proto says, success is not guaranteed: clients get the operation
// to learn its final state, and an operation that finished before is no error.
func (d *Dialect) act(c *gin.Context) error {
	id, _, err := edge.Action(c.Param("id"), "cancel")
	if err != nil {
		return err
	}
	op, err := dialect.Find(c, d.Monitor, id)
	if err != nil {
		return err
	}
	if _, err := d.Monitor.Cancel(c.Request.Context(), op); err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	respondEmpty(c)
	return nil
}

// remove deletes a finished operation.
func (d *Dialect) remove(c *gin.Context) error {
	op, err := dialect.Find(c, d.Monitor, c.Param("id"))
	if err != nil {
		return err
	}
	err = d.Monitor.Prune(c.Request.Context(), op)
	if fault.Is(err, fault.Conflict) {
		return fault.New(fault.Malformed, "failed-precondition",
			"The operation is not finished, and deleting does not cancel it. Cancel it first: POST %s:cancel.", Path(op)).Because(err)
	}
	if err != nil {
		return err
	}
	respondEmpty(c)
	return nil
}

// respondEmpty responds with google.protobuf.Empty.
func respondEmpty(c *gin.Context) { c.PureJSON(http.StatusOK, struct{}{}) }
