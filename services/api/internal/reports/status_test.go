package reports_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/reports"
)

// words is the table of design section 5.
var words = map[operation.State]string{
	operation.Waiting:   "in_progress",
	operation.Running:   "in_progress",
	operation.Succeeded: "completed",
	operation.Failed:    "failed",
	operation.Cancelled: "cancelled",
	operation.TimedOut:  "failed",
}

func TestEveryStateButReceivingHasAWord(t *testing.T) {
	t.Parallel()
	for _, state := range operation.States() {
		if got, want := reports.Word(state), words[state]; got != want || (got == "") != (state == operation.Receiving) {
			t.Errorf("%s is called %q, want %q", state, got, want)
		}
	}
}

// The two answers of seed 004: exactly its member while a report is made, its two members first at
// the end.
func TestTheSeedsAnswers(t *testing.T) {
	t.Parallel()
	for _, state := range []operation.State{operation.Waiting, operation.Running} {
		w := newWorld(state).ask(t, http.MethodGet, "/report-status/555", "")
		if diff := cmp.Diff(`{"status":"in_progress"}`, strings.TrimSpace(w.Body.String())); diff != "" || w.Code != http.StatusOK {
			t.Errorf("%s: %d (-want +got):\n%s", state, w.Code, diff)
		}
		if w.Header().Get("Retry-After") != "3" {
			t.Errorf("%s: Retry-After is %q", state, w.Header().Get("Retry-After"))
		}
	}
	w := newWorld(operation.Succeeded).ask(t, http.MethodGet, "/report-status/555", "")
	want := `{"status":"completed","download_link":"/reports/report-555.pdf","media_type":"application/pdf","size":43,` +
		`"sha256":"d9b9bf0bc2ef5c7d16ea91f86ff5ea99be8e9ee4a33ae2e40e7eedaeae9d17da","expires_at":"2026-01-02T04:04:05Z"}`
	got := strings.TrimSpace(w.Body.String())
	const digest = `"sha256":"`
	at := strings.Index(got, digest) + len(digest)
	if diff := cmp.Diff(want[:at], got[:at]); diff != "" || w.Code != http.StatusOK || !strings.HasSuffix(got, `","expires_at":"2026-01-02T04:04:05Z"}`) {
		t.Errorf("%d: %s (-want +got):\n%s", w.Code, got, diff)
	}
	if w.Header().Get("Retry-After") != "" {
		t.Errorf("a finished report has Retry-After %q", w.Header().Get("Retry-After"))
	}
}

func TestAnEndWithoutSuccessSaysWhy(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Failed)
	world.report.Failure = &operation.Failure{Code: "ReportTooLarge", Message: "Too large."}
	w := world.ask(t, http.MethodGet, "/report-status/555", "")
	want := `{"status":"failed","error":{"code":"ReportTooLarge","message":"Too large."}}`
	if diff := cmp.Diff(want, strings.TrimSpace(w.Body.String())); diff != "" || w.Header().Get("X-Ms-Error-Code") != "ReportTooLarge" {
		t.Errorf("%v (-want +got):\n%s", w.Header(), diff)
	}
}

func TestAClientMayWaitForTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(operation.Running).ask(t, http.MethodGet, "/report-status/555", "", "Prefer: wait=10")
	if !strings.HasPrefix(w.Body.String(), `{"status":"completed"`) || w.Header().Get("Preference-Applied") != "wait=10" {
		t.Errorf("%v: %s", w.Header(), w.Body)
	}
}

func TestOnlyReportsAreFound(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"1", "2", "99", "0", "-555", "0555", "+555", "5e2", "x", "99999999999999999999", "%00"} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			w := newWorld(operation.Running).ask(t, method, "/report-status/"+number, "")
			if w.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d %s", method, number, w.Code, w.Body)
			}
		}
	}
}

func TestDeleteCancelsAndThenPrunes(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Running)
	w := world.ask(t, http.MethodDelete, "/report-status/555", "")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), `{"status":"cancelled","error":{"code":"Canceled"`) {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	if w := world.ask(t, http.MethodDelete, "/report-status/555", ""); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	expectProblem(t, "pruned", world.ask(t, http.MethodGet, "/report-status/555", ""), http.StatusGone, "OperationExpired")
}
