package azure_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// words are the statuses that Azure's pollers know.
var words = map[operation.State]string{
	operation.Waiting:   "NotStarted",
	operation.Running:   "Running",
	operation.Succeeded: "Succeeded",
	operation.Failed:    "Failed",
	operation.Cancelled: "Canceled",
	operation.TimedOut:  "Failed",
}

func TestWord(t *testing.T) {
	t.Parallel()
	edgetest.CheckWords(t, azure.Word, words)
}

func TestStatusInEveryState(t *testing.T) {
	t.Parallel()
	for state, word := range words {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := (&fake{op: newOperation(state)}).get(t, "/operations/"+id.String())
			edgetest.CheckStatus(t, w, http.StatusOK)
			got := edgetest.Decode[struct {
				ID     string
				Status string
				Result json.RawMessage
				Error  *operation.Failure
			}](t, w)
			if got.ID != id.String() {
				t.Errorf("id = %q, want %q", got.ID, id)
			}
			if got.Status != word {
				t.Errorf("status = %q, want %q", got.Status, word)
			}
			if (got.Result != nil) != (state == operation.Succeeded) {
				t.Errorf("result = %s, want one only if it succeeded", got.Result)
			}
			edgetest.CheckFailure(t, got.Error, edgetest.FailureCode(state))
			edgetest.CheckHasHeader(t, w, "Retry-After", !state.Terminal())
			edgetest.CheckHasHeader(t, w, "Retry-After-Ms", !state.Terminal())
		})
	}
}

func TestStatusOfSucceededImport(t *testing.T) {
	t.Parallel()
	const counts = `"total":10,"created":5,"updated":2,"superseded":1,"failed":2,"imported":8,"unprocessed":0`
	want := `{"id":"01a201ca-08ae-76bd-94da-dcd44d595976","status":"Succeeded","kind":"import","collection":"tools",` +
		`"taskReference":"HD6EKSD8DO9","percentComplete":100,"counts":{` + counts + `},` +
		`"createdDateTime":"2026-01-02T03:04:05Z","lastActionDateTime":"2026-01-02T03:04:07Z",` +
		`"startedDateTime":"2026-01-02T03:04:06Z","finishedDateTime":"2026-01-02T03:04:07Z",` +
		`"result":{` + counts + `,"failedRecordsLocation":"` + base + `/records?outcome=failed","failedRecordsCsvLocation":"` + base + `/records?outcome=failed&format=csv"},` +
		`"links":{"events":"` + base + `/events","failedRecords":"` + base + `/records?outcome=failed","failedRecordsCsv":"` + base + `/records?outcome=failed&format=csv","records":"` + base + `/records"}}`
	for _, path := range []string{"/operations/", "/status/"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			edgetest.CheckBody(t, (&fake{op: newOperation(operation.Succeeded)}).get(t, path+id.String()), want)
		})
	}
	t.Run("without rejected records", func(t *testing.T) {
		t.Parallel()
		op := newOperation(operation.Succeeded)
		op.Counts = operation.Counts{Total: 10, Created: 10}
		if got := (&fake{op: op}).get(t, "/operations/"+id.String()).Body.String(); strings.Contains(got, "outcome=failed") {
			t.Errorf("body = %s, want no link to rejected records", got)
		}
	})
}

func TestStatusNotFound(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/operations/7", "/operations/00000000-0000-0000-0000-000000000000", "/status/x", "/operations/x/records"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			edgetest.CheckProblem(t, (&fake{op: newOperation(operation.Running)}).get(t, path), http.StatusNotFound, "OperationNotFound")
		})
	}
}

func TestStatusHeaders(t *testing.T) {
	t.Parallel()
	op := newOperation(operation.Running)
	op.Revision = 7
	f := &fake{op: op}
	w := f.get(t, "/status/"+id.String())
	if f.peeks != 0 {
		t.Errorf("GET peeked %d times, want 0", f.peeks)
	}
	head := f.head(t, "/status/"+id.String())
	if f.peeks != 1 {
		t.Errorf("HEAD peeked %d times, want 1", f.peeks)
	}
	edgetest.CheckStatus(t, w, http.StatusOK)
	edgetest.CheckStatus(t, head, http.StatusOK)
	for _, w := range []http.Header{w.Header(), head.Header()} {
		for name, want := range map[string]string{"ETag": `W/"7"`, "Cache-Control": "no-store"} {
			if got := w.Get(name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
		if w.Get("Retry-After") == "" {
			t.Error("Retry-After is missing")
		}
	}
}

func TestStatusNotModified(t *testing.T) {
	t.Parallel()
	for _, state := range []operation.State{operation.Running, operation.Succeeded} {
		for etag, status := range map[string]int{
			`W/"7"`: 304, `"7"`: 304, `"x", W/"7"`: 304, `*`: 304,
			`W/"6"`: 200, `7`: 200, `W/"77"`: 200, `"6","8"`: 200, `,`: 200,
		} {
			t.Run(fmt.Sprintf("%s %s", state, etag), func(t *testing.T) {
				t.Parallel()
				op := newOperation(state)
				op.Revision = 7
				w := (&fake{op: op}).get(t, "/operations/"+id.String(), "If-None-Match", etag)
				edgetest.CheckStatus(t, w, status)
				if empty := w.Body.Len() == 0; empty != (status == http.StatusNotModified) {
					t.Errorf("body is empty: %t, want only if not modified", empty)
				}
				edgetest.CheckHeader(t, w, "ETag", `W/"7"`)
				edgetest.CheckHasHeader(t, w, "Retry-After", !state.Terminal())
			})
		}
	}
}
