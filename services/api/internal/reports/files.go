package reports

import (
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// pagePolicy keeps a page of HTML from asking anybody for anything and from running scripts, whatever stands in it.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// download serves a report's file out of the store: whole or in ranges, for who was cut off and goes on.
func (d *Dialect) download(c *gin.Context) error {
	op, file, err := d.findFile(c)
	if err != nil {
		return err
	}
	if err := describeFile(c.Writer.Header(), file); err != nil {
		return err
	}
	content := newContent(c.Request.Context(), d.Store, op.ID, file.Size)
	out := &fileAnswer{ResponseWriter: c.Writer}
	tidyRange(c.Request, file.Size)
	http.ServeContent(out, c.Request, file.Name, op.FinishedAt, content)
	switch out.refused {
	case http.StatusPreconditionFailed:
		forgetFile(c.Writer.Header())
		return fault.New(fault.Changed, "file-not-as-known", "The file is not the one that If-Match or If-Unmodified-Since means. Ask without it.")
	case http.StatusRequestedRangeNotSatisfiable:
		forgetFile(c.Writer.Header())
		return fault.New(fault.BadRange, "range-not-satisfiable", "The file has %d bytes, and the range lies behind its end.", file.Size).
			With("size", file.Size)
	}
	return content.failed
}

// findFile finds the report that the file in the address belongs to. A fault of kind Conflict means that it is not made yet.
func (d *Dialect) findFile(c *gin.Context) (*operation.Operation, *report.File, error) {
	name := c.Param("file")
	noFile := fault.New(fault.NotFound, "report-file-not-found", "There is no such file. Use the download_link of the report's status.")
	number, format, ok := report.ParseFileName(name)
	if !ok {
		return nil, nil, noFile
	}
	op, err := d.findByNumber(c, number)
	if err != nil {
		return nil, nil, err
	}
	asked, err := report.Parse(op.Request)
	switch {
	case err != nil:
		return nil, nil, err
	case asked.Format != format:
		return nil, nil, noFile
	case !op.State.Terminal():
		return nil, nil, fault.New(fault.Conflict, "report-unfinished", "The report is not finished. Ask for its status, and come back at its end.").
			RetryAfter(d.Pacer.After(c.Request.Context(), op))
	}
	file, err := report.ReadFile(op.Result)
	if err == nil && (op.State != operation.Succeeded || file == nil) {
		err = noFile // it failed or was cancelled
	}
	if err == nil {
		edge.SetOperation(c, op)
	}
	return op, file, err
}

func describeFile(h http.Header, file *report.File) error {
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
	h.Set("Cache-Control", "private, no-cache")                                     // it may be pruned, so ask whether it is still there
	h.Set("X-Content-Type-Options", "nosniff")
	if format == report.HTML {
		h.Set("Content-Security-Policy", pagePolicy)
	}
	return nil
}

// forgetFile takes back what described the file, before a problem is answered in its place.
func forgetFile(h http.Header) {
	for _, name := range []string{"Content-Disposition", "ETag", "Repr-Digest", "Last-Modified", "Content-Security-Policy", "Content-Length"} {
		h.Del(name)
	}
}

// fileAnswer keeps back net/http's own words about a range or a condition that can't be met: the answer is a problem like any other.
type fileAnswer struct {
	gin.ResponseWriter
	// refused is the status that was kept back; 0 if the file is served.
	refused int
}

// WriteHeader notes what is refused.
func (a *fileAnswer) WriteHeader(code int) {
	if code == http.StatusRequestedRangeNotSatisfiable || code == http.StatusPreconditionFailed {
		a.refused = code
		return
	}
	a.ResponseWriter.WriteHeader(code)
}

// Write drops what is said about that.
func (a *fileAnswer) Write(p []byte) (int, error) {
	if a.refused != 0 {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}
