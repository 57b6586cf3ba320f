package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// form is the body of a request for a report.
var form = submission.Form{
	Subject: "A request for a report", SizeSubject: "A request for a report", TooLargeCode: "request-too-large", Optional: true,
}

// submit accepts a report. As seed 004 prints it the request has no body; then it is a report on the latest imports.
func (d *Dialect) submit(c *gin.Context) error {
	terms, err := d.Policy.Read(c.Request, operation.Report)
	if err != nil {
		return err
	}
	body, err := form.Read(c, d.UploadRate)
	if err != nil {
		return err
	}
	asked, err := report.Parse(body)
	if err != nil {
		return err
	}
	op, err := d.accept(c, terms, asked)
	if err != nil {
		return err
	}
	op = submission.Await(c.Request.Context(), d.Monitor, c.Writer.Header(), op, terms.Wait)
	return d.respond(c, op)
}

// accept stores the report after everything that it names was found, and rings for its first step.
func (d *Dialect) accept(c *gin.Context, terms submission.Headers, asked report.Request) (*operation.Operation, error) {
	ctx := c.Request.Context()
	collection, err := d.check(ctx, asked)
	if err != nil {
		return nil, err
	}
	request, err := json.Marshal(asked)
	if err != nil {
		return nil, fmt.Errorf("writing a request for a report: %w", err)
	}
	draft := terms.Draft(operation.Report, collection, 1)
	draft.Request = request
	draft.Digest = submission.Digest([]byte(operation.Report), request)
	op, repeated, err := submission.Accept(ctx, d.Store, draft)
	if err != nil || repeated {
		return edge.Found(c)(op, err)
	}
	submission.Dispatch(c, d.Dispatcher, d.Log, op)
	d.Log.InfoContext(c.Request.Context(), "report accepted", slog.String("report", string(asked.Report)))
	return op, nil
}

// check finds what a report is about and returns the collection of its records; none for a report on several imports.
func (d *Dialect) check(ctx context.Context, asked report.Request) (collection string, err error) {
	switch asked.Report {
	case report.Records:
		return asked.Collection, d.checkRecords(ctx, asked)
	case report.Import:
		return d.checkOperation(ctx, asked, operation.Import)
	case report.Search:
		return d.checkOperation(ctx, asked, operation.Search)
	default:
		return "", nil
	}
}

func (d *Dialect) checkRecords(ctx context.Context, asked report.Request) error {
	target, ok := d.Collections.Get(asked.Collection)
	if !ok {
		names := d.Collections.Names()
		return fault.New(fault.Invalid, "invalid-report", "There is no collection called %q. There are %s.", asked.Collection, strings.Join(names, ", ")).
			With("pointer", "/collection").With("collections", names)
	}
	wanted, err := query.Read(asked.Search(), target, 0)
	if err != nil {
		return err
	}
	_, err = d.Store.PrepareScan(ctx, target, wanted)
	return err
}

// checkOperation wants an operation of the kind, and of a search that it has found something that will not change.
func (d *Dialect) checkOperation(ctx context.Context, asked report.Request, kind operation.Kind) (collection string, err error) {
	op, err := d.Monitor.Find(ctx, asked.Operation)
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && op.Kind != kind:
		return "", fault.New(fault.Invalid, "invalid-report", "There is no %s with the id %s.", kind, asked.Operation).With("pointer", "/operation")
	case err != nil:
		return "", err
	case kind == operation.Search && !op.State.Terminal():
		return "", fault.New(fault.Conflict, "search-unfinished", "The search is not finished. Wait for its end, then start the report.").
			With("pointer", "/operation").RetryAfter(d.Pacer.After(ctx, op))
	case kind == operation.Search && op.State != operation.Succeeded:
		return "", fault.New(fault.Conflict, "search-unsuccessful", "The search did not succeed, so there is nothing to export.").
			With("pointer", "/operation").With("final_state", op.State)
	}
	return op.Collection, nil
}

func (d *Dialect) respond(c *gin.Context, op *operation.Operation) error {
	shown, err := shape(op)
	if err != nil {
		return err
	}
	d.describe(c, op)
	c.Header("Location", d.Addresses.Absolute(c.Request, Path(op)))
	c.Header("Operation-Location", d.Addresses.Absolute(c.Request, azure.Path(op)))
	c.PureJSON(http.StatusAccepted, accepted{status: shown, ID: op.ID.String(), Number: op.Number})
	return nil
}
