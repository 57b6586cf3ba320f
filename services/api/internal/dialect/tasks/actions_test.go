package tasks_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
)

// A wish is fulfilled by the request as seed 002 prints it, as often as it is made, and never on
// what it does not fit.
func TestWishes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state  operation.State
		query  string
		status string
		did    []string
	}{
		"cancel a waiting one":          {operation.Waiting, "cancel=true", "CANCELLED", []string{"cancel"}},
		"cancel a running one":          {operation.Running, "cancel=true", "CANCELLED", []string{"cancel"}},
		"cancel a cancelled one":        {operation.Cancelled, "cancel=true", "CANCELLED", nil},
		"cancel a finished one":         {operation.Succeeded, "cancel=true", "FINISHED", nil},
		"cancel a failed one":           {operation.Failed, "cancel=true", "FAILED", nil},
		"do not cancel":                 {operation.Running, "cancel=false", "RUNNING", nil},
		"in other letters":              {operation.Running, "cancel=TRUE", "CANCELLED", []string{"cancel"}},
		"another name":                  {operation.Running, "Cancel=true&x=1", "RUNNING", nil},
		"prune a running one":           {operation.Running, "prune=true", "RUNNING", nil},
		"prune a waiting one":           {operation.Waiting, "prune=true", "WAITING", nil},
		"prune a finished one":          {operation.Succeeded, "prune=true", "FINISHED", []string{"prune"}},
		"prune a cancelled one":         {operation.Cancelled, "prune=true", "CANCELLED", []string{"prune"}},
		"prune a failed one":            {operation.Failed, "prune=true", "FAILED", []string{"prune"}},
		"do not prune":                  {operation.Succeeded, "prune=false", "FINISHED", nil},
		"cancel and prune":              {operation.Running, "cancel=true&prune=true", "CANCELLED", []string{"cancel", "prune"}},
		"cancel and prune what is done": {operation.Succeeded, "prune=true&cancel=true", "FINISHED", []string{"prune"}},
	} {
		m := with(in(tt.state))
		if got := shown(t, ask(t, m, "/tasks/5?"+tt.query)); got.Status != tt.status || !slices.Equal(m.did, tt.did) {
			t.Errorf("%s: it is %s after %v", name, got.Status, m.did)
		}
	}
}

// Whoever cancels too late is told how it ended, and that is all.
func TestCancellingTooLateIsNoProblem(t *testing.T) {
	t.Parallel()
	m := with(in(operation.Running))
	m.tooLate = true
	if got := shown(t, ask(t, m, "/tasks/5?cancel=true")); got.Status != "FINISHED" {
		t.Errorf("it is %s", got.Status)
	}
}

func TestAPrunedTaskIsShownOnceMore(t *testing.T) {
	t.Parallel()
	m := with(in(operation.Succeeded))
	if got := shown(t, ask(t, m, "/tasks/5?prune=true")); got.Result["ImportReport"]["importedRecords"] != 8.0 {
		t.Errorf("it says %v", got.Result)
	}
	expectProblem(t, ask(t, m, "/tasks/5"), http.StatusGone, "OperationExpired")
}

func TestWishesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for query, code := range map[string]string{
		"cancel=garbage": "InvalidParameter", "cancel": "InvalidParameter", "cancel=": "InvalidParameter", "cancel=1": "InvalidParameter",
		"cancel=true&cancel=false": "InvalidParameter", "cancel=true&cancel=true": "InvalidParameter", "prune=yes": "InvalidParameter",
		"cancel=true&prune=x": "InvalidParameter", "cancel=%zz": "MalformedQuery", "a=1;cancel=true": "MalformedQuery",
	} {
		m := with(in(operation.Running))
		expectProblem(t, ask(t, m, "/tasks/5?"+query), http.StatusBadRequest, code)
		if m.did != nil {
			t.Errorf("%s: it did %v", query, m.did)
		}
	}
}

// What nobody has asked for changes nothing: a HEAD is answered, a guess of a browser or the order
// of a foreign page is refused, so that nobody takes its answer for the real one.
func TestWhatNobodyAskedForChangesNothing(t *testing.T) {
	t.Parallel()
	for _, state := range []operation.State{operation.Running, operation.Succeeded} {
		const wishes = "/tasks/5?cancel=true&prune=true"
		m := with(in(state))
		if w := send(t, m, http.MethodHead, wishes); w.Code != http.StatusOK || m.glances != 1 {
			t.Errorf("HEAD: %d, %d glances", w.Code, m.glances)
		}
		for _, header := range [][2]string{
			{"Sec-Purpose", "prefetch"},
			{"Sec-Purpose", "prefetch;prerender"},
			{"Sec-Purpose", "prefetch; anonymous-client-ip"},
			{"Sec-Purpose", "prerender"},
			{"Purpose", "prefetch"},
			{"Purpose", "Prefetch"},
			{"X-Moz", "prefetch"},
			{"X-Purpose", "preview"},
		} {
			expectProblem(t, ask(t, m, wishes, header[0], header[1]), http.StatusConflict, "SpeculativeRequest")
			if w := ask(t, m, "/tasks/5?cancel=false", header[0], header[1]); w.Code != http.StatusOK {
				t.Errorf("%v: asking in advance without a wish is %d", header, w.Code)
			}
		}
		for _, site := range []string{"cross-site", "same-site", "anything-new"} {
			expectProblem(t, ask(t, m, wishes, "Sec-Fetch-Site", site), http.StatusConflict, "CrossSiteRequest")
		}
		if m.did != nil {
			t.Errorf("it did %v", m.did)
		}
	}
	for _, site := range []string{"", "none", "same-origin"} {
		m := with(in(operation.Running))
		if got := shown(t, ask(t, m, "/tasks/5?cancel=true", "Sec-Fetch-Site", site)); got.Status != "CANCELLED" {
			t.Errorf("a person at %s: it is %s", site, got.Status)
		}
	}
}
