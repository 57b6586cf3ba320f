// Package search speaks the dialect of seed 001: a search that is over within a moment is answered with 201 and what it found, any other
// with 202 and the link to ask at, once a minute at least, with what was found so far.
package searches

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Monitor finds searches, waits for them and ends them.
type Monitor interface {
	submission.Watcher
	Find(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	Peek(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error)
}

// Store keeps searches and what they found.
type Store interface {
	submission.Acceptor
	PrepareScan(ctx context.Context, c *collection.Collection, q query.Query) (*scan.Plan, error)
	Outputs(ctx context.Context, id uuid.UUID, stage string, from, limit int) ([]store.OutputBlock, error)
	BlockOfRow(ctx context.Context, id uuid.UUID, stage string, row int) (seq, before int, ok bool, err error)
}

// Options bounds searches.
type Options struct {
	// MaxLimit is the greatest limit that a client may ask for.
	MaxLimit int
	// Moment is how long the answer to a new search waits for its end.
	Moment time.Duration
	// PollWithin is how soon a search must be asked for, again and again.
	PollWithin time.Duration
	// UploadRate is how slow a client may send its query.
	UploadRate minrate.Limit
}

// Deps are what the dialect works with.
type Deps struct {
	Monitor     Monitor
	Store       Store
	Dispatcher  submission.Dispatcher
	Collections *collection.Catalog
	Addresses   edge.Addresses
	Pacer       *retryafter.Estimator
	Policy      submission.Policy
	Log         *slog.Logger
}

// Dialect answers in the words of seed 001.
type Dialect struct {
	Deps
	options Options
}

// New makes the dialect.
func New(deps Deps, options Options) *Dialect { return &Dialect{Deps: deps, options: options} }

// Path is where a search stands in this dialect.
func Path(op *operation.Operation) string { return "/search/status/" + op.ID.String() }

// Routes lists what the dialect answers.
func (d *Dialect) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodPost, Path: "/search", Handler: d.submit,
			Summary: "Search a collection by words and filters. Answers 201 with what was found if that is quick, else 202 with the link to poll.",
		},
		{
			Method: http.MethodGet, Path: "/search/status/:id", Handler: d.status,
			Summary: "Tell how a search goes and what it found: 202 while it runs, 201 at its end. Ask once a minute at least.",
		},
		{
			Method: http.MethodDelete, Path: "/search/status/:id", Handler: d.remove,
			Summary: "Cancel a search that runs; drop the results of one that is finished.",
		},
	}
}

// status answers with the search as it is or, if the client would rather wait (RFC 7240), at its end.
func (d *Dialect) status(c *gin.Context) error {
	op, err := d.find(c)
	if err != nil {
		return err
	}
	window, err := readWindow(c)
	if err != nil {
		return err
	}
	if wait := d.Policy.Wait(c.Request.Header); wait > 0 {
		op = submission.Await(c.Request.Context(), d.Monitor, c.Writer.Header(), op, wait)
	}
	return d.answer(c, op, window)
}

// remove cancels what is unfinished, and shows how it ended; of what is finished nothing is left to show.
func (d *Dialect) remove(c *gin.Context) error {
	op, err := d.find(c)
	if err != nil {
		return err
	}
	left, cancelled, err := d.Monitor.Delete(c.Request.Context(), op)
	if err != nil {
		return err
	}
	if cancelled {
		c.PureJSON(http.StatusOK, d.shape(c, left, window{}))
		return nil
	}
	edge.NoContent(c)
	return nil
}

// find finds a search by the id in the address. A HEAD does not count as a poll.
func (d *Dialect) find(c *gin.Context) (*operation.Operation, error) {
	notFound := fault.New(fault.NotFound, "search-not-found",
		"There is no such search. Use the address in the Location header of the 202 answer.")
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return nil, notFound
	}
	find := edge.Finder(c, d.Monitor.Find, d.Monitor.Peek)
	op, err := find(c.Request.Context(), id)
	if err == nil && op.Kind != operation.Search {
		return nil, notFound
	}
	return edge.Found(c)(op, err)
}
