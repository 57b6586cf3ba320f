package tasks_test

import (
	"net/http"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// Actions are carried out as seed 002 prints them, are idempotent, and have no effect on a task
// that they do not apply to.
func TestStatusActions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state  operation.State
		query  string
		status string
		calls  []string
	}{
		"cancel waiting":            {operation.Waiting, "cancel=true", "CANCELLED", []string{"cancel"}},
		"cancel running":            {operation.Running, "cancel=true", "CANCELLED", []string{"cancel"}},
		"cancel cancelled":          {operation.Cancelled, "cancel=true", "CANCELLED", nil},
		"cancel finished":           {operation.Succeeded, "cancel=true", "FINISHED", nil},
		"cancel failed":             {operation.Failed, "cancel=true", "FAILED", nil},
		"do not cancel":             {operation.Running, "cancel=false", "RUNNING", nil},
		"upper case":                {operation.Running, "cancel=TRUE", "CANCELLED", []string{"cancel"}},
		"another name":              {operation.Running, "Cancel=true&x=1", "RUNNING", nil},
		"prune running":             {operation.Running, "prune=true", "RUNNING", nil},
		"prune waiting":             {operation.Waiting, "prune=true", "WAITING", nil},
		"prune finished":            {operation.Succeeded, "prune=true", "FINISHED", []string{"prune"}},
		"prune cancelled":           {operation.Cancelled, "prune=true", "CANCELLED", []string{"prune"}},
		"prune failed":              {operation.Failed, "prune=true", "FAILED", []string{"prune"}},
		"do not prune":              {operation.Succeeded, "prune=false", "FINISHED", nil},
		"cancel and prune running":  {operation.Running, "cancel=true&prune=true", "CANCELLED", []string{"cancel", "prune"}},
		"cancel and prune finished": {operation.Succeeded, "prune=true&cancel=true", "FINISHED", []string{"prune"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(newOperation(tt.state))
			checkTask(t, f.get(t, "/tasks/5?"+tt.query), tt.status)
			f.checkCalls(t, tt.calls...)
		})
	}
}

// A task that finished before it could be cancelled is shown as it ended.
func TestCancelAfterEnd(t *testing.T) {
	t.Parallel()
	f := newFake(newOperation(operation.Running))
	f.tooLate = true
	checkTask(t, f.get(t, "/tasks/5?cancel=true"), "FINISHED")
}

// The response to prune=true still shows the task; later ones do not.
func TestPrune(t *testing.T) {
	t.Parallel()
	f := newFake(newOperation(operation.Succeeded))
	got := decodeTask(t, f.get(t, "/tasks/5?prune=true"))
	if imported := got.Result["ImportReport"]["importedRecords"]; imported != 8.0 {
		t.Errorf("importedRecords = %v, want 8", imported)
	}
	edgetest.CheckProblem(t, f.get(t, "/tasks/5"), http.StatusGone, "OperationExpired")
}

func TestStatusRejectsInvalidActions(t *testing.T) {
	t.Parallel()
	for query, code := range map[string]string{
		"cancel=garbage": "InvalidParameter", "cancel": "InvalidParameter", "cancel=": "InvalidParameter", "cancel=1": "InvalidParameter",
		"cancel=true&cancel=false": "InvalidParameter", "cancel=true&cancel=true": "InvalidParameter", "prune=yes": "InvalidParameter",
		"cancel=true&prune=x": "InvalidParameter", "cancel=%zz": "MalformedQuery", "a=1;cancel=true": "MalformedQuery",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			f := newFake(newOperation(operation.Running))
			edgetest.CheckProblem(t, f.get(t, "/tasks/5?"+query), http.StatusBadRequest, code)
			f.checkCalls(t)
		})
	}
}

const bothActions = "/tasks/5?cancel=true&prune=true"

func TestStatusHeadChangesNothing(t *testing.T) {
	t.Parallel()
	for _, state := range []operation.State{operation.Running, operation.Succeeded} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			f := newFake(newOperation(state))
			edgetest.CheckStatus(t, f.send(t, http.MethodHead, bothActions), http.StatusOK)
			if f.peeks != 1 {
				t.Errorf("peeks = %d, want 1", f.peeks)
			}
			f.checkCalls(t)
		})
	}
}

// A speculative request of a browser, or one on behalf of a page of another origin, is rejected if
// it has an action.
func TestStatusRejectsUnintendedActions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ header, value, code string }{
		{"Sec-Purpose", "prefetch", "SpeculativeRequest"},
		{"Sec-Purpose", "prefetch;prerender", "SpeculativeRequest"},
		{"Sec-Purpose", "prefetch; anonymous-client-ip", "SpeculativeRequest"},
		{"Sec-Purpose", "prerender", "SpeculativeRequest"},
		{"Purpose", "prefetch", "SpeculativeRequest"},
		{"Purpose", "Prefetch", "SpeculativeRequest"},
		{"X-Moz", "prefetch", "SpeculativeRequest"},
		{"X-Purpose", "preview", "SpeculativeRequest"},
		{"Sec-Fetch-Site", "cross-site", "CrossSiteRequest"},
		{"Sec-Fetch-Site", "same-site", "CrossSiteRequest"},
		{"Sec-Fetch-Site", "anything-new", "CrossSiteRequest"},
	} {
		for _, state := range []operation.State{operation.Running, operation.Succeeded} {
			t.Run(tt.header+" "+tt.value+" "+string(state), func(t *testing.T) {
				t.Parallel()
				f := newFake(newOperation(state))
				edgetest.CheckProblem(t, f.get(t, bothActions, tt.header, tt.value), http.StatusConflict, tt.code)
				edgetest.CheckStatus(t, f.get(t, "/tasks/5?cancel=false", tt.header, tt.value), http.StatusOK)
				f.checkCalls(t)
			})
		}
	}
}

func TestStatusAcceptsIntendedActions(t *testing.T) {
	t.Parallel()
	for _, site := range []string{"", "none", "same-origin"} {
		t.Run("site "+site, func(t *testing.T) {
			t.Parallel()
			f := newFake(newOperation(operation.Running))
			checkTask(t, f.get(t, "/tasks/5?cancel=true", "Sec-Fetch-Site", site), "CANCELLED")
		})
	}
}
