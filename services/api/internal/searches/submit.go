package searches

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// submit accepts a search and waits a moment for its end. An accepted search must not fail: if there
// is no room for its results, the client gets 202 and reads them at the status.
func (h *Handler) submit(c *gin.Context) error {
	headers, err := h.Policy.Read(c.Request, operation.Search)
	if err != nil {
		return err
	}
	request, err := h.readRequest(c)
	if err != nil {
		return err
	}
	op, err := h.accept(c, headers, request)
	if err != nil {
		return err
	}
	current := h.await(c, op, headers.Wait)
	found, err := h.openResults(c.Request.Context(), current, window{})
	if err != nil && !op.State.Terminal() {
		h.Log.WarnContext(c.Request.Context(), "a new search is answered without its results", slog.Any("error", err))
		current, found, err = op, new(results), nil
	}
	if err != nil {
		return err
	}
	return h.write(c, current, window{}, found)
}

// accept stores the search and dispatches its first step. Postgres checks the values of the query
// before.
func (h *Handler) accept(c *gin.Context, headers submission.Headers, request request) (*operation.Operation, error) {
	if _, err := h.Store.PrepareScan(c.Request.Context(), request.collection, request.query); err != nil {
		return nil, err
	}
	query, err := json.Marshal(request.query)
	if err != nil {
		return nil, err
	}
	draft, err := headers.Draft(operation.Search, request.collection, 1)
	if err != nil {
		return nil, err
	}
	draft.Request = query
	draft.PollWithin = h.Options.PollWithin
	draft.Digest = submission.Digest([]byte(operation.Search), []byte(request.collection.Name), query)
	op, repeated, err := submission.Start(c, h.Store, h.Dispatcher, h.Log, draft)
	if err == nil && !repeated {
		h.Log.InfoContext(c.Request.Context(), "search accepted", slog.String("collection", request.collection.Name))
	}
	return op, err
}

// await waits for the end of the search, for the time that the client prefers or else for a moment.
// If the state can't be read it returns op, because the search was accepted.
func (h *Handler) await(c *gin.Context, op *operation.Operation, preferred time.Duration) *operation.Operation {
	if preferred > 0 {
		return submission.Await(c.Request.Context(), h.Monitor, c.Writer.Header(), op, preferred)
	}
	return submission.AwaitEnd(c.Request.Context(), h.Monitor, op, h.Options.Moment)
}
