package location

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/dialect/operations"
	"github.com/longshore-io/longshore/services/api/internal/patience"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// maxRequestBytes bounds the body: a filter is the largest that it may hold.
const maxRequestBytes = 256 << 10

// submit accepts a report. As seed 004 prints it the request has no body; then it is a report on the latest imports.
func (d *Dialect) submit(c *gin.Context) error {
	terms, err := d.Policy.Read(c.Request, operation.Report)
	if err != nil {
		return err
	}
	body, err := d.readBody(c)
	if err != nil {
		return err
	}
	asked, err := report.Parse(body)
	if err != nil {
		return err
	}
	op, err := d.accept(c.Request.Context(), terms, asked)
	if err != nil {
		return err
	}
	op = submission.Await(c.Request.Context(), d.Monitor, c.Writer.Header(), op, terms.Wait)
	return d.respond(c, op)
}

func (d *Dialect) readBody(c *gin.Context) ([]byte, error) {
	paced := patience.NewBody(c.Writer, c.Request, d.Patience)
	body, err := io.ReadAll(io.LimitReader(paced, maxRequestBytes+1))
	paced.Rest()
	if err != nil {
		return nil, fmt.Errorf("reading a request for a report: %w", err)
	}
	if len(body) > maxRequestBytes {
		return nil, fault.New(fault.TooLarge, "request-too-large", "A request for a report has at most %d bytes.", maxRequestBytes).
			With("limit", maxRequestBytes)
	}
	if len(body) == 0 {
		return nil, nil // whatever the headers say about it
	}
	return body, checkMedia(c)
}

// checkMedia takes JSON, which also who says nothing means.
func checkMedia(c *gin.Context) error {
	given := c.GetHeader("Content-Type")
	media, _, err := mime.ParseMediaType(given)
	if given != "" && (err != nil || media != "application/json" && !strings.HasSuffix(media, "+json")) {
		return fault.New(fault.UnsupportedMedia, "unsupported-media-type", "A request for a report is sent as application/json, or without a body.")
	}
	if coding := c.GetHeader("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		c.Header("Accept-Encoding", "identity") // RFC 9110 section 12.5.3: what a 415 would have liked
		return fault.New(fault.UnsupportedMedia, "unsupported-content-encoding", "A request for a report is sent without a content coding.")
	}
	return nil
}

// accept stores the report after everything that it names was found, and rings for its first step.
func (d *Dialect) accept(ctx context.Context, terms submission.Terms, asked report.Request) (*operation.Operation, error) {
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
		return op, err
	}
	submission.Dispatch(ctx, d.Dispatcher, d.Log, op)
	d.Log.Info("report accepted", slog.String("operation", op.ID.String()), slog.String("report", string(asked.Report)))
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
	c.Header("Operation-Location", d.Addresses.Absolute(c.Request, operations.Path(op)))
	c.PureJSON(http.StatusAccepted, accepted{status: shown, ID: op.ID.String(), Number: op.Number})
	return nil
}
