package imports

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// status responds with the status document of an import.
func (h *Handler) status(c *gin.Context) error {
	op, err := h.find(c)
	if err != nil {
		return err
	}
	h.Estimator.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
	if answered, err := dialect.Answer(c, op); answered || err != nil {
		return err
	}
	if !op.State.Terminal() {
		c.PureJSON(http.StatusOK, newStatusDocument(op))
		return nil
	}
	rejected, err := h.readRejected(c.Request.Context(), op)
	if err != nil {
		return err
	}
	if failure := dialect.FailureOf(op); failure != nil {
		c.Header("X-Ms-Error-Code", failure.Code)
	}
	return writeFinished(c, newFinishedDocument(op, rejected, h.absolute(c)))
}

// absolute returns a function that makes the paths in a response absolute.
func (h *Handler) absolute(c *gin.Context) func(path string) string {
	return func(path string) string { return h.Addresses.Absolute(c.Request, path) }
}

// find finds the import that the path names by collection and task reference.
func (h *Handler) find(c *gin.Context) (*operation.Operation, error) {
	target, err := edge.Collection(c, h.Collections)
	if err != nil {
		return nil, err
	}
	reference := c.Param("reference")
	if !operation.IsReference(reference) {
		return nil, fault.New(fault.NotFound, "operation-not-found",
			"There is no such import: a task reference is upper-case letters and digits. Use the one in the 202 answer.")
	}
	op, err := h.Monitor.FindByReference(c.Request.Context(), target.Name, reference)
	if err != nil {
		return nil, err
	}
	edge.SetOperation(c, op)
	return op, nil
}
