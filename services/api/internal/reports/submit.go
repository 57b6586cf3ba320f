package reports

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// form describes the body of a request for a report to error messages.
var form = submission.Form{
	Subject: "A request for a report", SizeSubject: "A request for a report", TooLargeCode: "request-too-large", Optional: true,
}

// submit accepts a report. A request without a body, as seed 004 prints it, is for a report on the
// latest imports.
func (h *Handler) submit(c *gin.Context) error {
	headers, err := h.Policy.Read(c.Request, operation.Report)
	if err != nil {
		return err
	}
	body, err := form.Read(c, h.UploadRate)
	if err != nil {
		return err
	}
	request, err := report.Parse(body)
	if err != nil {
		return err
	}
	op, err := h.accept(c, headers, request)
	if err != nil {
		return err
	}
	op = submission.Await(c.Request.Context(), h.Monitor, c.Writer.Header(), op, headers.Wait)
	return h.respondAccepted(c, op)
}

// accept checks what the request refers to, stores the report and dispatches its first step.
func (h *Handler) accept(c *gin.Context, headers submission.Headers, request report.Request) (*operation.Operation, error) {
	source, err := h.check(c.Request.Context(), request)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encoding a request for a report: %w", err)
	}
	draft, err := headers.Draft(operation.Report, source.table, 1)
	if err != nil {
		return nil, err
	}
	if source.operation != nil {
		draft.Collection, draft.Caller = source.operation.Collection, source.operation.Caller
	}
	draft.Request = encoded
	draft.Digest = submission.Digest([]byte(operation.Report), encoded)
	op, repeated, err := submission.Start(c, h.Store, h.Dispatcher, h.Log, draft)
	if err == nil && !repeated {
		h.Log.InfoContext(c.Request.Context(), "report accepted", slog.String("report", string(request.Report)))
	}
	return op, err
}

// respondAccepted responds with 202.
func (h *Handler) respondAccepted(c *gin.Context, op *operation.Operation) error {
	document, err := newStatus(c.Request, op)
	if err != nil {
		return err
	}
	h.setHeaders(c, op)
	c.Header("Location", h.Addresses.Absolute(c.Request, Path(op)))
	c.Header("Operation-Location", h.Addresses.Absolute(c.Request, dialect.OperationPath(op)))
	c.PureJSON(http.StatusAccepted, acceptedDocument{status: document, ID: op.ShownID().String(), Number: op.ShownNumber()})
	return nil
}
