// Package location speaks the dialect of seed 004: a report is started, its 202 has a Location, there its status is asked for, and at the
// end there is a link to download it.
package reports

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Monitor finds reports, and the operations that they are about, waits for them and ends them.
type Monitor interface {
	submission.Watcher
	Find(ctx context.Context, id uuid.UUID) (*operation.Operation, error)
	FindByNumber(ctx context.Context, number int64) (*operation.Operation, error)
	PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error)
	Delete(ctx context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error)
}

// Store keeps reports and their files.
type Store interface {
	submission.Acceptor
	PrepareScan(ctx context.Context, c *collection.Collection, q query.Query) (*scan.Plan, error)
	OutputAt(ctx context.Context, id uuid.UUID, stage string, offset int64) (*store.OutputBlock, error)
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
	// UploadRate is how slow a client may send its request.
	UploadRate minrate.Limit
}

// Dialect answers in the words of seed 004.
type Dialect struct{ Deps }

// New makes the dialect.
func New(deps Deps) *Dialect { return &Dialect{deps} }

// Path is where a report stands in this dialect.
func Path(op *operation.Operation) string {
	return "/report-status/" + strconv.FormatInt(op.Number, 10)
}

// FilePath is where a report's file is.
func FilePath(file *report.File) string { return "/reports/" + file.Name }

// Routes lists what the dialect answers.
func (d *Dialect) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodPost, Path: "/start-report", Handler: d.submit,
			Summary: "Start a report on imports, or an export of records or of a search: pdf, html, csv, ndjson, xlsx, parquet. Answers 202 with the address to poll.",
		},
		{
			Method: http.MethodGet, Path: "/report-status/:number", Handler: d.status,
			Summary: "Tell how a report goes; at the end with the link to download it.",
		},
		{
			Method: http.MethodDelete, Path: "/report-status/:number", Handler: d.remove,
			Summary: "Cancel a report that is being made; delete one that is finished.",
		},
		{
			Method: http.MethodGet, Path: "/reports/:file", Handler: d.download,
			Summary: "Download a report's file, also in ranges.",
		},
	}
}

// status answers with the report as it is or, if the client would rather wait (RFC 7240), at its end.
func (d *Dialect) status(c *gin.Context) error {
	op, err := d.find(c)
	if err != nil {
		return err
	}
	op = submission.Await(c.Request.Context(), d.Monitor, c.Writer.Header(), op, d.Policy.Wait(c.Request.Header))
	shown, err := shape(op)
	if err != nil {
		return err
	}
	d.describe(c, op)
	c.PureJSON(http.StatusOK, shown)
	return nil
}

// describe sets the headers of every answer about a report.
func (d *Dialect) describe(c *gin.Context, op *operation.Operation) {
	c.Header("Cache-Control", "no-store")
	if failure := azure.FailureOf(op); failure != nil {
		c.Header("X-Ms-Error-Code", failure.Code)
	}
	d.Pacer.SetHeaders(c.Request.Context(), c.Writer.Header(), op)
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
	if !cancelled {
		edge.NoContent(c)
		return nil
	}
	shown, err := shape(left)
	if err != nil {
		return err
	}
	d.describe(c, left)
	c.PureJSON(http.StatusOK, shown)
	return nil
}

// find finds a report by the number in the address.
func (d *Dialect) find(c *gin.Context) (*operation.Operation, error) {
	number, err := strconv.ParseInt(c.Param("number"), 10, 64)
	if err != nil || number < 1 || strconv.FormatInt(number, 10) != c.Param("number") {
		return nil, notFound()
	}
	return edge.Found(c)(d.findByNumber(c, number))
}

// findByNumber finds a report. The number may be a search's, so that a HEAD must not count as a poll here either.
func (d *Dialect) findByNumber(c *gin.Context, number int64) (*operation.Operation, error) {
	find := edge.Finder(c, d.Monitor.FindByNumber, d.Monitor.PeekByNumber)
	op, err := find(c.Request.Context(), number)
	if err == nil && op.Kind != operation.Report {
		return nil, notFound()
	}
	return op, err
}

func notFound() error {
	return fault.New(fault.NotFound, "report-not-found", "There is no such report. Use the address in the Location header of the 202 answer.")
}
