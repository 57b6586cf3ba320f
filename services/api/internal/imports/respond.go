package imports

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// RespondAccepted waits up to wait for an accepted import to finish, and then responds with 202 in
// any case.
func (h *Handler) RespondAccepted(c *gin.Context, op *operation.Operation, wait time.Duration, how Reading) {
	edge.SetOperation(c, op)
	ctx, header := c.Request.Context(), c.Writer.Header()
	op = submission.Await(ctx, h.Monitor, header, op, wait)
	c.Header("Operation-Location", h.Addresses.Absolute(c.Request, dialect.OperationPath(op)))
	c.Header("Location", h.Addresses.Absolute(c.Request, StatusPath(op)))
	h.Estimator.SetHeaders(ctx, header, op)
	document := acceptedDocument{
		TaskReference: op.Reference,
		Status:        Word(op.State),
		ID:            op.ShownID().String(),
		TotalRecords:  op.Counts.Total,
		Reading:       how,
		Ordering:      h.orderingOf(op),
	}
	document.finish(op, h.absolute(c))
	c.PureJSON(http.StatusAccepted, document)
}

// orderingOf returns the ordering of the operation's collection if it is none, so that a client knows that the
// later of two records does not always win.
func (h *Handler) orderingOf(op *operation.Operation) collection.Ordering {
	target, ok := h.Collections.Get(op.Tenant, op.Collection)
	if !ok || target.Ordering != collection.Unordered {
		return ""
	}
	return target.Ordering
}
