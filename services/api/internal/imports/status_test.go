package imports_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/imports"
)

// words is the table of design section 5.
var words = map[operation.State]string{
	operation.Waiting:   "IN_PROGRESS",
	operation.Running:   "IN_PROGRESS",
	operation.Succeeded: "COMPLETED",
	operation.Failed:    "FAILED",
	operation.Cancelled: "CANCELLED",
	operation.TimedOut:  "FAILED",
}

// codes are the errors of the ends that are no success.
var codes = map[operation.State]string{
	operation.Failed: "Failed", operation.Cancelled: "Canceled", operation.TimedOut: "TimedOut",
}

func TestEveryStateButReceivingHasAWord(t *testing.T) {
	t.Parallel()
	for _, state := range operation.States() {
		if got, want := imports.Word(state), words[state]; got != want || (got == "") != (state == operation.Receiving) {
			t.Errorf("%s is called %q, want %q", state, got, want)
		}
	}
}

func TestAStatusInEveryState(t *testing.T) {
	t.Parallel()
	for state, word := range words {
		w := ask(t, &reader{op: in(state, operation.Counts{Total: 10, Created: 4})}, statusPath)
		var got struct {
			Status string
			Error  *operation.Failure
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || got.Status != word {
			t.Errorf("%s: %d, %v: %s", state, w.Code, err, w.Body)
		}
		code, unsuccessful := codes[state]
		if (got.Error != nil) != unsuccessful || unsuccessful && (got.Error.Code != code || got.Error.Message == "") ||
			w.Header().Get("X-Ms-Error-Code") != code {
			t.Errorf("%s has the error %+v, want code %q", state, got.Error, code)
		}
		if hint := w.Header().Get("Retry-After"); (hint == "") != state.Terminal() {
			t.Errorf("%s: Retry-After is %q", state, hint)
		}
	}
}

// The three answers of seed 000, byte for byte: its members first and as it writes them, ours
// after, and while it runs no other.
func TestTheSeedsAnswers(t *testing.T) {
	t.Parallel()
	const (
		currency = `{"tool_name":"Currency Converter","tool_id":"V002","features":["Real-time rates","<b>"]}`
		study    = `{"tool_name":"Study Cost Simulator","tool_id":"V003"}`
	)
	for name, tt := range map[string]struct {
		reader *reader
		want   string
	}{
		"ongoing": {
			&reader{op: in(operation.Running, operation.Counts{Total: 1000, Created: 400, Failed: 55})},
			`{"task_reference":"HD6EKSD8DO9","status":"IN_PROGRESS","progress":"45%"}`,
		},
		"complete": {
			&reader{op: in(operation.Succeeded, operation.Counts{Total: 1000, Created: 900, Updated: 70, Superseded: 30})},
			`{"task_reference":"HD6EKSD8DO9","status":"COMPLETED","progress":"100%","imported_records":1000,"errors":[],` +
				`"counts":{"total":1000,"created":900,"updated":70,"superseded":30,"failed":0}}`,
		},
		"with rejected records": {
			withRejected(currency, study),
			`{"task_reference":"HD6EKSD8DO9","status":"COMPLETED","progress":"100%","imported_records":5,"errors":[` + currency + `,` + study + `],` +
				`"counts":{"total":7,"created":5,"updated":0,"superseded":0,"failed":2},"errors_link":"` + recordsURL + `"}`,
		},
	} {
		w := ask(t, tt.reader, statusPath)
		if diff := cmp.Diff(tt.want+"\n", w.Body.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if kind := w.Header().Get("Content-Type"); w.Code != http.StatusOK || kind != "application/json; charset=utf-8" {
			t.Errorf("%s: %d %s", name, w.Code, kind)
		}
	}
}

func TestAnUnknownImportIsNotFound(t *testing.T) {
	t.Parallel()
	for path, code := range map[string]string{
		"/api/tools/import/status/hd6eksd8do9":   "OperationNotFound",
		"/api/tools/import/status/AAAA":          "OperationNotFound",
		"/api/nothing/import/status/HD6EKSD8DO9": "UnknownCollection",
	} {
		w := ask(t, &reader{op: in(operation.Running, operation.Counts{Total: 1})}, path)
		if w.Code != http.StatusNotFound || w.Header().Get("X-Ms-Error-Code") != code || !strings.Contains(w.Body.String(), `"type"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
