// Package searches accepts searches and returns their status and results in the form of seed 001: a
// search that finishes within a moment is answered with 201 and its results, any other with 202,
// the results so far and the address to poll, at least once a minute.
package searches

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Monitor finds searches, waits for them and ends them. *monitor.Monitor implements it.
type Monitor interface {
	submission.Watcher
	dialect.Finder
	Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error)
}

// Store stores searches and reads their results. *store.Store implements it.
type Store interface {
	submission.Acceptor
	PrepareScan(ctx context.Context, c *collection.Collection, q query.Query) (*scan.Plan, error)
	BeginRead(ctx context.Context) (end func(), err error)
	Outputs(ctx context.Context, id uuid.UUID, stage string, from, limit int) ([]store.OutputBlock, error)
	BlockOfRow(ctx context.Context, id uuid.UUID, stage string, row int) (seq, before int, ok bool, err error)
}

// Options configures searches.
type Options struct {
	// MaxLimit is the highest limit that a query may have.
	MaxLimit int
	// Moment is how long the response to a new search waits for its end, unless the client prefers
	// another time.
	Moment time.Duration
	// PollWithin is the interval within which a client must poll; a search that is not polled is
	// stopped.
	PollWithin time.Duration
	// UploadRate is the minimum transfer rate of a query.
	UploadRate minrate.Limit
}

// Deps are the dependencies of a Handler. All are required.
type Deps struct {
	Monitor     Monitor
	Store       Store
	Dispatcher  submission.Dispatcher
	Collections *collection.Catalog
	Addresses   edge.Addresses
	Estimator   *retryafter.Estimator
	Policy      submission.Policy
	Log         *slog.Logger
	Options     Options
}

// Handler accepts searches and returns their status and results.
type Handler struct{ Deps }

// New returns a Handler, or an error that names the missing dependencies.
func New(deps Deps) (*Handler, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Handler{deps}, nil
}

// Routes returns the routes of the package.
func (h *Handler) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodPost, Path: "/search", Handler: h.submit, Action: access.Search,
			Summary: "Searches a collection by words and filters. Returns 201 with the results if that is quick, otherwise 202 with the address to poll.",
		},
		{
			Method: http.MethodGet, Path: "/search/status/:id", Query: edge.Parameters{Once: []string{"offset", "limit"}}, Handler: h.status, Action: access.Search,
			Summary: "Returns the status and the results of a search: 202 while it runs, 201 at its end. Poll it at least once a minute.",
		},
		{
			Method: http.MethodDelete, Path: "/search/status/:id", Conditional: true, Handler: h.remove, Action: access.CancelOperations,
			Summary: "Cancels an unfinished search, or deletes the results of a finished one.",
		},
	}
}
