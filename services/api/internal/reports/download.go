package reports

import (
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// contentPolicy is the Content-Security-Policy of HTML reports: no scripts and no requests,
// whatever the page contains.
const contentPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

// download serves the file of a report from the store, whole or in ranges.
func (h *Handler) download(c *gin.Context) error {
	op, file, err := h.findFile(c)
	if err != nil {
		return err
	}
	if c.Request.Method != http.MethodHead {
		if err := admission.Of(c.Request.Context()).Download(c.Request.Context(), contentBytes); err != nil {
			return err
		}
	}
	if err := setFileHeaders(c.Writer.Header(), file); err != nil {
		return err
	}
	content := newContent(c.Request.Context(), h.Store, op.ID, file.Size)
	out := &fileWriter{ResponseWriter: c.Writer}
	normalizeRange(c.Request, file.Size)
	http.ServeContent(out, c.Request, file.Name, op.FinishedAt, content)
	switch out.rejected {
	case http.StatusPreconditionFailed:
		deleteFileHeaders(c.Writer.Header())
		return fault.New(fault.Changed, "file-not-as-known", "The file is not the one that If-Match or If-Unmodified-Since means. Ask without it.")
	case http.StatusRequestedRangeNotSatisfiable:
		deleteFileHeaders(c.Writer.Header())
		return fault.New(fault.BadRange, "range-not-satisfiable", "The file has %d bytes, and the range lies behind its end.", file.Size).
			With("size", file.Size)
	}
	return content.failed
}

// findFile finds the report that the file name in the path belongs to. The error is a fault of kind
// Conflict if the file is not finished.
func (h *Handler) findFile(c *gin.Context) (*operation.Operation, *report.File, error) {
	noFile := fault.New(fault.NotFound, "report-file-not-found", "There is no such file. Use the download_link of the report's status.")
	number, format, ok := report.ParseFileName(c.Param("file"))
	if !ok {
		return nil, nil, noFile
	}
	op, err := h.findByNumber(c.Request.Context(), number, c.Request.Method)
	if err != nil {
		return nil, nil, err
	}
	request, err := report.Parse(op.Request)
	switch {
	case err != nil:
		return nil, nil, err
	case request.Format != format:
		return nil, nil, noFile
	case !op.State.Terminal():
		return nil, nil, fault.New(fault.Conflict, "report-unfinished", "The report is not finished. Ask for its status, and come back at its end.").
			RetryAfter(h.Estimator.After(c.Request.Context(), op))
	}
	file, err := report.ParseFile(op.Result)
	switch {
	case err != nil:
		return nil, nil, err
	case op.State != operation.Succeeded || file == nil:
		return nil, nil, noFile
	}
	edge.SetOperation(c, op)
	return op, file, submission.RequireReader(access.Of(c.Request.Context()), h.Collections, op)
}

func setFileHeaders(h http.Header, file *report.File) error {
	digest, err := hex.DecodeString(file.SHA256)
	if err != nil {
		return err
	}
	disposition := "attachment"
	_, format, _ := report.ParseFileName(file.Name)
	if format.Inline() {
		disposition = "inline"
	}
	h.Set("Content-Type", file.MediaType)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": file.Name}))
	h.Set("ETag", `"`+file.SHA256+`"`)
	h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(digest)+":") // RFC 9530 section 3
	h.Set("Cache-Control", "private, no-cache")                                     // revalidate, because the report may be deleted
	if format == report.HTML {
		h.Set("Content-Security-Policy", contentPolicy)
	}
	return nil
}

// deleteFileHeaders deletes the headers of the file before an error is answered instead.
func deleteFileHeaders(h http.Header) {
	for _, name := range []string{"Content-Disposition", "ETag", "Repr-Digest", "Last-Modified", "Content-Length"} {
		h.Del(name)
	}
}

// fileWriter suppresses net/http's own responses about unmet ranges and conditions, which are
// answered with a problem like any error.
type fileWriter struct {
	gin.ResponseWriter
	// rejected is the suppressed status code; 0 if the file is served.
	rejected int
}

// WriteHeader suppresses the status codes of unmet ranges and conditions.
func (w *fileWriter) WriteHeader(code int) {
	if code == http.StatusRequestedRangeNotSatisfiable || code == http.StatusPreconditionFailed {
		w.rejected = code
		return
	}
	w.ResponseWriter.WriteHeader(code)
}

// Write discards the body of a suppressed response.
func (w *fileWriter) Write(p []byte) (int, error) {
	if w.rejected != 0 {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}
