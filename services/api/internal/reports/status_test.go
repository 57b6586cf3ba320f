package reports_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/reports"
)

const statusPath = "/report-status/555"

// words are the statuses of seed 004.
var words = map[operation.State]string{
	operation.Waiting:   "in_progress",
	operation.Running:   "in_progress",
	operation.Succeeded: "completed",
	operation.Failed:    "failed",
	operation.Cancelled: "cancelled",
	operation.TimedOut:  "failed",
}

func TestWord(t *testing.T) {
	t.Parallel()
	edgetest.CheckWords(t, reports.Word, words)
}

func checkPrefix(t *testing.T, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	if !strings.HasPrefix(w.Body.String(), want) {
		t.Errorf("body = %s, want prefix %s", w.Body, want)
	}
}

// An unfinished report has exactly the member that seed 004 prints.
func TestStatusOfUnfinishedReport(t *testing.T) {
	t.Parallel()
	for _, state := range []operation.State{operation.Waiting, operation.Running} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newFake(state).send(t, http.MethodGet, statusPath, "")
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckBody(t, w, `{"status":"in_progress"}`)
			edgetest.CheckHeader(t, w, "Retry-After", "3")
		})
	}
}

// A finished report has the two members that seed 004 prints, first.
func TestStatusOfFinishedReport(t *testing.T) {
	t.Parallel()
	w := newFake(operation.Succeeded).send(t, http.MethodGet, statusPath, "")
	edgetest.CheckStatus(t, w, http.StatusOK)
	edgetest.CheckHeader(t, w, "Retry-After", "")
	pattern := regexp.MustCompile(`^{"status":"completed","download_link":"/reports/report-555\.pdf","media_type":"application/pdf","size":43,` +
		`"sha256":"[0-9a-f]{64}","expires_at":"2026-01-02T04:04:05Z"}\n$`)
	if !pattern.MatchString(w.Body.String()) {
		t.Errorf("body = %s, want %s", w.Body, pattern)
	}
}

func TestStatusOfFailedReport(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Failed)
	f.report.Failure = &operation.Failure{Code: "ReportTooLarge", Message: "Too large."}
	w := f.send(t, http.MethodGet, statusPath, "")
	edgetest.CheckBody(t, w, `{"status":"failed","error":{"code":"ReportTooLarge","message":"Too large."}}`)
	edgetest.CheckHeader(t, w, "X-Ms-Error-Code", "ReportTooLarge")
}

func TestStatusWaits(t *testing.T) {
	t.Parallel()
	w := newFake(operation.Running).send(t, http.MethodGet, statusPath, "", "Prefer", "wait=10")
	checkPrefix(t, w, `{"status":"completed"`)
	edgetest.CheckHeader(t, w, "Preference-Applied", "wait=10")
}

// A HEAD is not a poll: the number may be that of a search.
func TestStatusHead(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Running)
	edgetest.CheckStatus(t, f.send(t, http.MethodHead, statusPath, ""), http.StatusOK)
	if f.peeks != 1 {
		t.Errorf("peeks = %d, want 1", f.peeks)
	}
}

func TestStatusNotFound(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"1", "2", "99", "0", "-555", "0555", "+555", "5e2", "x", "99999999999999999999", "%00"} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			t.Run(method+" "+number, func(t *testing.T) {
				t.Parallel()
				w := newFake(operation.Running).send(t, method, "/report-status/"+number, "")
				edgetest.CheckStatus(t, w, http.StatusNotFound)
			})
		}
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Running)
	w := f.send(t, http.MethodDelete, statusPath, "")
	edgetest.CheckStatus(t, w, http.StatusOK)
	checkPrefix(t, w, `{"status":"cancelled","error":{"code":"Canceled"`)

	w = f.send(t, http.MethodDelete, statusPath, "")
	edgetest.CheckStatus(t, w, http.StatusNoContent)
	edgetest.CheckBody(t, w, "")

	edgetest.CheckProblem(t, f.send(t, http.MethodGet, statusPath, ""), http.StatusGone, "OperationExpired")
}
