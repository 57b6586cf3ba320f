package imports_test

import (
	"net/http"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/imports"
)

// words are the statuses of seed 000.
var words = map[operation.State]string{
	operation.Waiting:   "IN_PROGRESS",
	operation.Running:   "IN_PROGRESS",
	operation.Succeeded: "COMPLETED",
	operation.Failed:    "FAILED",
	operation.Cancelled: "CANCELLED",
	operation.TimedOut:  "FAILED",
}

func TestWord(t *testing.T) {
	t.Parallel()
	edgetest.CheckWords(t, imports.Word, words)
}

func TestStatusInEveryState(t *testing.T) {
	t.Parallel()
	for state, word := range words {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newFake(state, operation.Counts{Total: 10, Created: 4}).get(t, statusPath)
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckHeader(t, w, "X-Ms-Error-Code", edgetest.FailureCode(state))
			edgetest.CheckHasHeader(t, w, "Retry-After", !state.Terminal())
			got := edgetest.Decode[struct {
				Status string
				Error  *operation.Failure
			}](t, w)
			if got.Status != word {
				t.Errorf("status = %q, want %q", got.Status, word)
			}
			edgetest.CheckFailure(t, got.Error, edgetest.FailureCode(state))
		})
	}
}

// The three documents of seed 000 byte for byte: its members first and as it writes them, and no
// others while the import runs.
func TestStatusDocument(t *testing.T) {
	t.Parallel()
	const (
		currency = `{"tool_name":"Currency Converter","tool_id":"V002","features":["Real-time rates","<b>"]}`
		study    = `{"tool_name":"Study Cost Simulator","tool_id":"V003"}`
	)
	for name, tt := range map[string]struct {
		fake *fake
		want string
	}{
		"running": {
			newFake(operation.Running, operation.Counts{Total: 1000, Created: 400, Failed: 55}),
			`{"task_reference":"HD6EKSD8DO9","status":"IN_PROGRESS","progress":"45%"}`,
		},
		"succeeded": {
			newFake(operation.Succeeded, operation.Counts{Total: 1000, Created: 900, Updated: 70, Superseded: 30}),
			`{"task_reference":"HD6EKSD8DO9","status":"COMPLETED","progress":"100%","imported_records":1000,"errors":[],` +
				`"counts":{"total":1000,"created":900,"updated":70,"superseded":30,"failed":0}}`,
		},
		"with rejected records": {
			newFakeWithRejected(currency, study),
			`{"task_reference":"HD6EKSD8DO9","status":"COMPLETED","progress":"100%","imported_records":5,"errors":[` + currency + `,` + study + `],` +
				`"counts":{"total":7,"created":5,"updated":0,"superseded":0,"failed":2},"errors_link":"` + recordsURL + `","errors_csv_link":"` + recordsURL + `&format=csv"}`,
		},
		"with warnings": {
			newFakeWithWarning("the sequence is behind"),
			`{"task_reference":"HD6EKSD8DO9","status":"COMPLETED","progress":"100%","imported_records":1,"errors":[],` +
				`"counts":{"total":1,"created":1,"updated":0,"superseded":0,"failed":0},"warnings":["the sequence is behind"]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tt.fake.get(t, statusPath)
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckHeader(t, w, "Content-Type", "application/json; charset=utf-8")
			edgetest.CheckBody(t, w, tt.want)
		})
	}
}

func TestStatusNotFound(t *testing.T) {
	t.Parallel()
	for path, code := range map[string]string{
		"/api/tools/import/status/hd6eksd8do9":   "OperationNotFound",
		"/api/tools/import/status/AAAA":          "OperationNotFound",
		"/api/nothing/import/status/HD6EKSD8DO9": "UnknownCollection",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w := newFake(operation.Running, operation.Counts{Total: 1}).get(t, path)
			edgetest.CheckProblem(t, w, http.StatusNotFound, code)
			if got := edgetest.Decode[struct{ Type string }](t, w).Type; got == "" {
				t.Error("type is missing")
			}
		})
	}
}
