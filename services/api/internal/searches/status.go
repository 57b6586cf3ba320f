package searches

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// status responds with the search and its results, after waiting for its end if the client prefers
// to (RFC 7240).
func (h *Handler) status(c *gin.Context) error {
	op, err := h.find(c)
	if err != nil {
		return err
	}
	window, err := readWindow(c)
	if err != nil {
		return err
	}
	op = submission.Await(c.Request.Context(), h.Monitor, c.Writer.Header(), op, h.Policy.Wait(c.Request.Header))
	return h.respond(c, op, window)
}

// remove cancels an unfinished search and responds with its final status; it deletes a finished one
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
		c.PureJSON(http.StatusOK, h.newDocument(c, left, window{}))
		return nil
	}
	edge.NoContent(c)
	return nil
}

// find finds a search by its id in the path. A HEAD does not count as a poll.
func (h *Handler) find(c *gin.Context) (*operation.Operation, error) {
	notFound := fault.New(fault.NotFound, "search-not-found",
		"There is no such search. Use the address in the Location header of the 202 answer.")
	id, err := operation.ParseID(c.Param("id"))
	if err != nil {
		return nil, notFound
	}
	find := h.Monitor.Find
	if c.Request.Method == http.MethodHead {
		find = h.Monitor.Peek
	}
	op, err := find(c.Request.Context(), id)
	if err != nil {
		return nil, err
	}
	if op.Kind != operation.Search {
		return nil, notFound
	}
	edge.SetOperation(c, op)
	return op, nil
}
