package reports_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

const filePath = "/reports/report-555.pdf"

func TestDownload(t *testing.T) {
	t.Parallel()
	for format, disposition := range map[report.Format]string{
		report.PDF: "inline", report.HTML: "inline", report.CSV: "attachment", report.XLSX: "attachment",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			t.Run(method+" "+string(format), func(t *testing.T) {
				t.Parallel()
				f := newFake(operation.Succeeded)
				f.finish(format)
				w := f.send(t, method, "/reports/report-555."+string(format), "")
				edgetest.CheckStatus(t, w, http.StatusOK)
				body := f.content
				if method == http.MethodHead {
					body = ""
				}
				edgetest.CheckBody(t, w, body)
				sum := sha256.Sum256([]byte(f.content))
				for name, want := range map[string]string{
					"Content-Type":        format.MediaType(),
					"Content-Length":      fmt.Sprint(len(f.content)),
					"Content-Disposition": fmt.Sprintf("%s; filename=report-555.%s", disposition, format),
					"ETag":                fmt.Sprintf(`"%x"`, sum),
					"Repr-Digest":         "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":",
					"Accept-Ranges":       "bytes",
				} {
					edgetest.CheckHeader(t, w, name, want)
				}
				edgetest.CheckHasHeader(t, w, "Content-Security-Policy", format == report.HTML)
			})
		}
	}
}

// etag returns the ETag of the file.
func (f *fake) etag(t *testing.T) string {
	t.Helper()
	return f.send(t, http.MethodHead, filePath, "").Header().Get("ETag")
}

func TestDownloadRanges(t *testing.T) {
	t.Parallel()
	content := newFake(operation.Succeeded).content
	for header, want := range map[string]string{
		"bytes=0-0":   content[:1],
		"bytes=5-20":  content[5:21],
		"bytes=20-":   content[20:],
		"bytes=-3":    content[len(content)-3:],
		"bytes=-9999": content,
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			f := newFake(operation.Succeeded)
			w := f.send(t, http.MethodGet, filePath, "", "Range", header, "If-Range", f.etag(t))
			edgetest.CheckStatus(t, w, http.StatusPartialContent)
			if got := w.Body.String(); got != want {
				t.Errorf("body = %q, want %q", got, want)
			}
		})
	}
}

func TestDownloadRangeOfAnotherFile(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	w := f.send(t, http.MethodGet, filePath, "", "Range", "bytes=20-", "If-Range", `"other"`)
	edgetest.CheckStatus(t, w, http.StatusOK)
	edgetest.CheckBody(t, w, f.content)
}

func TestDownloadRangeAfterEnd(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	w := f.send(t, http.MethodGet, filePath, "", "Range", fmt.Sprintf("bytes=%d-", len(f.content)))
	edgetest.CheckProblem(t, w, http.StatusRequestedRangeNotSatisfiable, "RangeNotSatisfiable")
	edgetest.CheckHeader(t, w, "Content-Range", fmt.Sprintf("bytes */%d", len(f.content)))
	edgetest.CheckHeader(t, w, "Content-Disposition", "")
}

func TestDownloadNotModified(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	w := f.send(t, http.MethodGet, filePath, "", "If-None-Match", f.etag(t))
	edgetest.CheckStatus(t, w, http.StatusNotModified)
	edgetest.CheckBody(t, w, "")
}

func TestDownloadFailedPrecondition(t *testing.T) {
	t.Parallel()
	for header, value := range map[string]string{"If-Match": `"other"`, "If-Unmodified-Since": "Tue, 06 Aug 2002 15:24:15 GMT"} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			w := newFake(operation.Succeeded).send(t, http.MethodGet, filePath, "", header, value)
			edgetest.CheckProblem(t, w, http.StatusPreconditionFailed, "FileNotAsKnown")
			edgetest.CheckHeader(t, w, "ETag", "")
			edgetest.CheckHeader(t, w, "Content-Disposition", "")
		})
	}
}

func TestDownloadMetPrecondition(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	w := f.send(t, http.MethodGet, filePath, "", "If-Match", f.etag(t))
	edgetest.CheckStatus(t, w, http.StatusOK)
	edgetest.CheckBody(t, w, f.content)
}

func TestDownloadReadsOnlyItsBlocks(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	f.send(t, http.MethodHead, filePath, "")
	f.checkReads(t, 0)
	f.send(t, http.MethodGet, filePath, "", "Range", "bytes=14-20")
	f.checkReads(t, 1)
}

func TestDownloadNotFound(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"report-555.csv", "report-556.pdf", "report-1.pdf", "report-0555.pdf", "report-555", "report-.pdf", "x", "report-555.exe", "%00"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			edgetest.CheckStatus(t, newFake(operation.Succeeded).send(t, http.MethodGet, "/reports/"+file, ""), http.StatusNotFound)
		})
	}
}

func TestDownloadUnfinished(t *testing.T) {
	t.Parallel()
	w := newFake(operation.Running).send(t, http.MethodGet, filePath, "")
	edgetest.CheckProblem(t, w, http.StatusConflict, "ReportUnfinished")
	edgetest.CheckHeader(t, w, "Retry-After", "3")
}

func TestDownloadFailed(t *testing.T) {
	t.Parallel()
	edgetest.CheckProblem(t, newFake(operation.Failed).send(t, http.MethodGet, filePath, ""), http.StatusNotFound, "ReportFileNotFound")
}

func TestDownloadExpired(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	f.report.Expired = true
	edgetest.CheckProblem(t, f.send(t, http.MethodGet, filePath, ""), http.StatusGone, "OperationExpired")
}

// A file that is deleted while it is read must not look complete.
func TestDownloadDeletedFile(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	f.deleted = true
	w := f.send(t, http.MethodGet, filePath, "")
	if w.Code == http.StatusOK && w.Body.Len() != 0 {
		t.Errorf("response = %d %q, want no successful response with a body", w.Code, w.Body)
	}
}
