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

// codes are the error codes of unsuccessful states.
var codes = map[operation.State]string{
	operation.Failed: "Failed", operation.Cancelled: "Canceled", operation.TimedOut: "TimedOut",
}

func TestWord(t *testing.T) {
	t.Parallel()
	for _, state := range operation.States() {
		got := imports.Word(state)
		if got != words[state] {
			t.Errorf("Word(%s) = %q, want %q", state, got, words[state])
		}
		if (got == "") != (state == operation.Receiving) {
			t.Errorf("Word(%s) = %q, want no word for receiving only", state, got)
		}
	}
}

func TestStatusInEveryState(t *testing.T) {
	t.Parallel()
	for state, word := range words {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newFake(state, operation.Counts{Total: 10, Created: 4}).get(t, statusPath)
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckHeader(t, w, "X-Ms-Error-Code", codes[state])
			edgetest.CheckHasHeader(t, w, "Retry-After", !state.Terminal())
			got := edgetest.Decode[struct {
				Status string
				Error  *operation.Failure
			}](t, w)
			if got.Status != word {
				t.Errorf("status = %q, want %q", got.Status, word)
			}
			switch {
			case got.Error == nil && codes[state] != "":
				t.Errorf("error is missing, want code %q", codes[state])
			case got.Error != nil && got.Error.Code != codes[state]:
				t.Errorf("error code = %q, want %q", got.Error.Code, codes[state])
			case got.Error != nil && got.Error.Message == "":
				t.Error("error has no message")
			}
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
				`"counts":{"total":7,"created":5,"updated":0,"superseded":0,"failed":2},"errors_link":"` + recordsURL + `"}`,
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
