package reports_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/report"
)

func TestADownloadIsDescribed(t *testing.T) {
	t.Parallel()
	for f, disposition := range map[report.Format]string{report.PDF: "inline", report.HTML: "inline", report.CSV: "attachment", report.XLSX: "attachment"} {
		world := newWorld(operation.Succeeded)
		world.finish(f)
		sum := sha256.Sum256([]byte(world.content))
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := world.ask(t, method, "/reports/report-555."+string(f), "")
			if w.Code != http.StatusOK || method == http.MethodGet && w.Body.String() != world.content || method == http.MethodHead && w.Body.Len() != 0 {
				t.Errorf("%s %s: %d %q", method, f, w.Code, w.Body)
			}
			for name, want := range map[string]string{
				"Content-Type":           f.MediaType(),
				"Content-Length":         fmt.Sprint(len(world.content)),
				"Content-Disposition":    fmt.Sprintf("%s; filename=report-555.%s", disposition, f),
				"ETag":                   fmt.Sprintf(`"%x"`, sum),
				"Repr-Digest":            "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":",
				"Accept-Ranges":          "bytes",
				"X-Content-Type-Options": "nosniff",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s %s: %s is %q, not %q", method, f, name, got, want)
				}
			}
			if policy := w.Header().Get("Content-Security-Policy"); (policy != "") != (f == report.HTML) {
				t.Errorf("%s: Content-Security-Policy is %q", f, policy)
			}
		}
	}
}

func TestADownloadGoesOnWhereItWasCut(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Succeeded)
	tag := world.ask(t, http.MethodHead, "/reports/report-555.pdf", "").Header().Get("ETag")
	size := len(world.content)
	for ranges, want := range map[string]string{
		"bytes=0-0":   world.content[:1],
		"bytes=5-20":  world.content[5:21],
		"bytes=20-":   world.content[20:],
		"bytes=-3":    world.content[size-3:],
		"bytes=-9999": world.content,
	} {
		w := world.ask(t, http.MethodGet, "/reports/report-555.pdf", "", "Range: "+ranges, "If-Range: "+tag)
		if w.Code != http.StatusPartialContent || w.Body.String() != want {
			t.Errorf("%s: %d %q, want %q", ranges, w.Code, w.Body, want)
		}
	}
	if w := world.ask(t, http.MethodGet, "/reports/report-555.pdf", "", "Range: bytes=20-", `If-Range: "other"`); w.Code != http.StatusOK || w.Body.Len() != size {
		t.Errorf("of another file: %d, %d bytes", w.Code, w.Body.Len())
	}
	if w := world.ask(t, http.MethodGet, "/reports/report-555.pdf", "", "If-None-Match: "+tag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("the same again: %d %q", w.Code, w.Body)
	}
	behind := world.ask(t, http.MethodGet, "/reports/report-555.pdf", "", fmt.Sprintf("Range: bytes=%d-", size))
	expectProblem(t, "behind the end", behind, http.StatusRequestedRangeNotSatisfiable, "RangeNotSatisfiable")
	if got := behind.Header().Get("Content-Range"); got != fmt.Sprintf("bytes */%d", size) || behind.Header().Get("Content-Disposition") != "" {
		t.Errorf("headers of a refused range: %v", behind.Header())
	}
}

// Who asks for a range pays for that range: the pieces before it are not read.
func TestADownloadReadsOnlyItsPieces(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Succeeded)
	world.ask(t, http.MethodHead, "/reports/report-555.pdf", "")
	if world.reads != 0 {
		t.Errorf("HEAD read %d pieces", world.reads)
	}
	world.ask(t, http.MethodGet, "/reports/report-555.pdf", "", "Range: bytes=14-20")
	if world.reads != 1 {
		t.Errorf("a range within one piece read %d", world.reads)
	}
}

func TestAFileThatIsNotThereIsTold(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"report-555.csv", "report-556.pdf", "report-1.pdf", "report-0555.pdf", "report-555", "report-.pdf", "x", "report-555.exe", "%00"} {
		if w := newWorld(operation.Succeeded).ask(t, http.MethodGet, "/reports/"+file, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", file, w.Code, w.Body)
		}
	}
	unfinished := newWorld(operation.Running).ask(t, http.MethodGet, "/reports/report-555.pdf", "")
	expectProblem(t, "unfinished", unfinished, http.StatusConflict, "ReportUnfinished")
	if unfinished.Header().Get("Retry-After") != "3" {
		t.Errorf("Retry-After is %q", unfinished.Header().Get("Retry-After"))
	}
	failed := newWorld(operation.Failed).ask(t, http.MethodGet, "/reports/report-555.pdf", "")
	expectProblem(t, "failed", failed, http.StatusNotFound, "ReportFileNotFound")
	world := newWorld(operation.Succeeded)
	world.report.Expired = true
	expectProblem(t, "expired", world.ask(t, http.MethodGet, "/reports/report-555.pdf", ""), http.StatusGone, "OperationExpired")
}

// A file that goes away in the middle must not look like a whole one; before the first byte the
// answer is a problem.
func TestAFileThatGoesAwayIsAnError(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Succeeded)
	world.vanished = true
	w := world.ask(t, http.MethodGet, "/reports/report-555.pdf", "")
	if w.Body.Len() != 0 && w.Code == http.StatusOK {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
