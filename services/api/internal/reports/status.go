package reports

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// status responds with the status of a report, after waiting for its end if the client prefers to
// (RFC 7240).
func (h *Handler) status(c *gin.Context) error {
	op, err := h.find(c)
	if err != nil {
		return err
	}
	op = submission.Await(c.Request.Context(), h.Monitor, c.Writer.Header(), op, h.Policy.Wait(c.Request.Header))
	return h.respond(c, op)
}

// remove cancels an unfinished report and responds with its final status; it deletes a finished one
// and responds with 204.
func (h *Handler) remove(c *gin.Context) error {
	op, err := h.find(c)
	if err != nil {
		return err
	}
	left, cancelled, err := h.Monitor.Delete(c.Request.Context(), op)
	if err != nil {
		return err
	}
	if cancelled {
		return h.respond(c, left)
	}
	edge.NoContent(c)
	return nil
}

func (h *Handler) respond(c *gin.Context, op *operation.Operation) error {
	document, err := newStatus(c.Request, op)
	if err != nil {
		return err
	}
	h.setHeaders(c, op)
	if answered, err := dialect.Answer(c, op); answered || err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, document)
	return nil
}

// setHeaders sets the headers of every response about a report.
func (h *Handler) setHeaders(c *gin.Context, op *operation.Operation) {
	c.Header("Cache-Control", "no-store")
	if failure := dialect.FailureOf(op); failure != nil {
		c.Header("X-Ms-Error-Code", failure.Code)
	}
	h.Estimator.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
}

// find finds a report by its number in the path.
func (h *Handler) find(c *gin.Context) (*operation.Operation, error) {
	number, err := strconv.ParseInt(c.Param("number"), 10, 64)
	if err != nil || number < 1 || strconv.FormatInt(number, 10) != c.Param("number") {
		return nil, notFound()
	}
	op, err := h.findByNumber(c.Request.Context(), number, c.Request.Method)
	if err != nil {
		return nil, err
	}
	edge.SetOperation(c, op)
	return op, nil
}

// findByNumber finds a report. A HEAD does not count as a poll: the number may be that of a search.
func (h *Handler) findByNumber(ctx context.Context, number int64, method string) (*operation.Operation, error) {
	find := h.Monitor.FindByNumber
	if method == http.MethodHead {
		find = h.Monitor.PeekByNumber
	}
	op, err := find(ctx, number)
	if err != nil {
		return nil, err
	}
	if op.Kind != operation.Report {
		return nil, notFound()
	}
	return op, nil
}

func notFound() error {
	return fault.New(fault.NotFound, "report-not-found", "There is no such report. Use the address in the Location header of the 202 answer.")
}
