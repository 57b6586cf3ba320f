package searches

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// submit accepts a search and waits a moment for its end.
func (d *Dialect) submit(c *gin.Context) error {
	terms, err := d.Policy.Read(c.Request, operation.Search)
	if err != nil {
		return err
	}
	asked, err := d.readAsked(c)
	if err != nil {
		return err
	}
	op, err := d.accept(c, terms, asked)
	if err != nil {
		return err
	}
	return d.answer(c, d.await(c, op, terms.Wait), window{})
}

// accept stores the search, after Postgres has seen its values, and rings for its first step.
func (d *Dialect) accept(c *gin.Context, terms submission.Headers, asked asked) (*operation.Operation, error) {
	ctx := c.Request.Context()
	if _, err := d.Store.PrepareScan(ctx, asked.collection, asked.query); err != nil {
		return nil, err
	}
	request, err := json.Marshal(asked.query)
	if err != nil {
		return nil, err
	}
	draft := terms.Draft(operation.Search, asked.collection.Name, 1)
	draft.Request = request
	draft.PollWithin = d.options.PollWithin
	draft.Digest = submission.Digest([]byte(operation.Search), []byte(asked.collection.Name), request)
	op, repeated, err := submission.Accept(ctx, d.Store, draft)
	if err != nil || repeated {
		return edge.Found(c)(op, err)
	}
	submission.Dispatch(c, d.Dispatcher, d.Log, op)
	d.Log.InfoContext(c.Request.Context(), "search accepted", slog.String("collection", asked.collection.Name))
	return op, nil
}

// await waits for the end of the search: as long as the client prefers, or else a moment.
func (d *Dialect) await(c *gin.Context, op *operation.Operation, preferred time.Duration) *operation.Operation {
	if preferred > 0 {
		return submission.Await(c.Request.Context(), d.Monitor, c.Writer.Header(), op, preferred)
	}
	edge.RequestInfoOf(c.Request.Context()).StartWait()
	now, err := d.Monitor.Await(c.Request.Context(), op, d.options.Moment, monitor.Finished)
	if err != nil || now == nil {
		return op // an accepted search is never refused because its state can't be read
	}
	return now
}
