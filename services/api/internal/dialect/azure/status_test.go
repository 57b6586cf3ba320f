package azure_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
)

// words is the table of design section 5: what Azure's pollers know.
var words = map[operation.State]string{
	operation.Waiting:   "NotStarted",
	operation.Running:   "Running",
	operation.Succeeded: "Succeeded",
	operation.Failed:    "Failed",
	operation.Cancelled: "Canceled",
	operation.TimedOut:  "Failed",
}

// codes are the errors of the ends that are no success.
var codes = map[operation.State]string{
	operation.Failed: "Failed", operation.Cancelled: "Canceled", operation.TimedOut: "TimedOut",
}

func TestEveryStateButReceivingHasAWord(t *testing.T) {
	t.Parallel()
	for _, state := range operation.States() {
		if got, want := azure.Word(state), words[state]; got != want || (got == "") != (state == operation.Receiving) {
			t.Errorf("%s is called %q, want %q", state, got, want)
		}
	}
}

func TestAStatusIsWhatPollersRead(t *testing.T) {
	t.Parallel()
	for state, word := range words {
		w := ask(t, &reader{op: in(state)}, "/operations/"+id.String())
		var got struct {
			ID     string
			Status string
			Result json.RawMessage
			Error  *operation.Failure
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d, %v", state, w.Code, err)
		}
		if got.ID != id.String() || got.Status != word {
			t.Errorf("%s: %s", state, w.Body)
		}
		if (got.Result != nil) != (state == operation.Succeeded) {
			t.Errorf("%s has the result %s", state, got.Result)
		}
		code, unsuccessful := codes[state]
		if (got.Error != nil) != unsuccessful || unsuccessful && (got.Error.Code != code || got.Error.Message == "") {
			t.Errorf("%s has the error %+v, want code %q", state, got.Error, code)
		}
		for _, name := range []string{"Retry-After", "Retry-After-Ms"} {
			if hint := w.Header().Get(name); (hint == "") != state.Terminal() {
				t.Errorf("%s: %s is %q", state, name, hint)
			}
		}
	}
}

func TestTheMonitorOfASuccess(t *testing.T) {
	t.Parallel()
	const counts = `"total":10,"created":5,"updated":2,"superseded":1,"failed":2,"imported":8,"unprocessed":0`
	want := `{"id":"01a201ca-08ae-76bd-94da-dcd44d595976","status":"Succeeded","kind":"import","collection":"tools",` +
		`"taskReference":"HD6EKSD8DO9","percentComplete":100,"counts":{` + counts + `},` +
		`"createdDateTime":"2026-01-02T03:04:05Z","lastActionDateTime":"2026-01-02T03:04:07Z",` +
		`"startedDateTime":"2026-01-02T03:04:06Z","finishedDateTime":"2026-01-02T03:04:07Z",` +
		`"result":{` + counts + `,"failedRecordsLocation":"` + base + `/records?outcome=failed"},` +
		`"links":{"events":"` + base + `/events","failedRecords":"` + base + `/records?outcome=failed","records":"` + base + `/records"}}`
	for _, path := range []string{"/operations/", "/status/"} {
		got := ask(t, &reader{op: in(operation.Succeeded)}, path+id.String()).Body.String()
		if diff := cmp.Diff(want, strings.TrimSpace(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	all := in(operation.Succeeded)
	all.Counts = operation.Counts{Total: 10, Created: 10}
	if got := ask(t, &reader{op: all}, "/operations/"+id.String()).Body.String(); strings.Contains(got, "outcome=failed") {
		t.Errorf("nothing was rejected: %s", got)
	}
}

func TestAnUnknownOperationIsNotFound(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/operations/7", "/operations/00000000-0000-0000-0000-000000000000", "/status/x", "/operations/x/records"} {
		w := ask(t, &reader{op: in(operation.Running)}, path)
		if w.Code != http.StatusNotFound || w.Header().Get("X-Ms-Error-Code") != "OperationNotFound" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
