// Package reports accepts reports and returns their status and files in the form of seed 004: POST
// /start-report is answered with 202 and a Location to poll; the final status there has a link to
// download the file.
package reports

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Monitor finds reports and the operations that they are about, waits for them and ends them.
// *monitor.Monitor implements it.
type Monitor interface {
	submission.Watcher
	Find(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	FindByNumber(ctx context.Context, number int64) (*operation.Operation, error)
	PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error)
	Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error)
}

// Store stores reports and reads their files. *store.Store implements it.
type Store interface {
	submission.Acceptor
	PrepareScan(ctx context.Context, c *collection.Collection, q query.Query) (*scan.Plan, error)
	BeginRead(ctx context.Context) (end func(), err error)
	OutputAt(ctx context.Context, id uuid.UUID, stage string, offset int64) (*store.OutputBlock, error)
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
	// UploadRate is the minimum transfer rate of a request body.
	UploadRate minrate.Limit
}

// Handler accepts reports and returns their status and files.
type Handler struct{ Deps }

// New returns a Handler, or an error that names the missing dependencies.
func New(deps Deps) (*Handler, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Handler{deps}, nil
}

// Path returns the path of a report's status.
func Path(op *operation.Operation) string {
	return "/report-status/" + strconv.FormatInt(op.ShownNumber(), 10)
}

// Routes returns the routes of the package.
func (h *Handler) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodPost, Path: "/start-report", Handler: h.submit, Action: access.Report,
			Summary: "Starts a report on imports, or an export of records or of a search, as pdf, html, csv, ndjson, xlsx or parquet. Returns 202 with the address to poll.",
		},
		{
			Method: http.MethodGet, Path: "/report-status/:number", Handler: h.status, Action: access.Report,
			Summary: "Returns the status of a report, with the link to download it once it is finished.",
		},
		{
			Method: http.MethodDelete, Path: "/report-status/:number", Conditional: true, Handler: h.remove, Action: access.CancelOperations,
			Summary: "Cancels an unfinished report, or deletes a finished one.",
		},
		{
			Method: http.MethodGet, Path: "/reports/:file", Audited: true, Handler: h.download, Action: access.Report,
			Summary: "Downloads the file of a report, also in ranges.",
		},
	}
}
