package google_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/google"
)

func TestEveryStateButReceivingHasAWordOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]operation.State{}
	for _, state := range operation.States() {
		word := google.Word(state)
		if (word == "") != (state == operation.Receiving) {
			t.Errorf("%s is called %q", state, word)
		}
		if other, twice := seen[word]; twice {
			t.Errorf("%s and %s are both called %q", state, other, word)
		}
		seen[word] = state
	}
}

// structured is an Any that holds a Struct.
type structured struct {
	Type  string         `json:"@type"`
	Value map[string]any `json:"value"`
}

// longrunning is what the family's clients read.
type longrunning struct {
	Name     string
	Done     bool
	Metadata structured
	Response *structured
	Error    *struct {
		Code    int
		Message string
		Details []structured
	}
}

const structType = "type.googleapis.com/google.protobuf.Struct"

// The proto wants exactly one of error and response when it is done, and neither before; its
// clients fail otherwise.
func TestAnOperationIsDoneWithOneOfTwo(t *testing.T) {
	t.Parallel()
	for state, code := range map[operation.State]int{
		operation.Waiting: -1, operation.Running: -1, operation.Succeeded: 0,
		operation.Cancelled: 1, operation.TimedOut: 4, operation.Failed: 13,
	} {
		w := send(t, &watcher{op: in(state)}, http.MethodGet, path)
		got := decode[longrunning](t, w)
		if got.Name != "operations/"+id.String() || got.Done != state.Terminal() || got.Metadata.Type != structType ||
			got.Metadata.Value["state"] != google.Word(state) {
			t.Errorf("%s: %s", state, w.Body)
		}
		if (got.Response != nil) != (code == 0) || (got.Error != nil) != (code > 0) {
			t.Errorf("%s: %s", state, w.Body)
		}
		if got.Response != nil && (got.Response.Type != structType || got.Response.Value["imported"] != 8.0) {
			t.Errorf("%s responds %+v", state, got.Response)
		}
		if got.Error != nil && (got.Error.Code != code || got.Error.Message == "" || got.Error.Details[0].Type != structType) {
			t.Errorf("%s has the error %+v", state, got.Error)
		}
		if hinted := w.Header().Get("Retry-After") != ""; hinted == state.Terminal() || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", state, w.Header())
		}
	}
}

func TestAnOperationToTheLetter(t *testing.T) {
	t.Parallel()
	op := in(operation.Failed)
	op.Failure = &operation.Failure{Code: "MalformedJson", Message: "Line 3 is no JSON."}
	const operationLink = "https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976"
	want := `{"name":"operations/01a201ca-08ae-76bd-94da-dcd44d595976","metadata":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{` +
		`"state":"FAILED","kind":"import","collection":"tools","progressPercent":100,` +
		`"counts":{"total":10,"created":8,"updated":0,"superseded":0,"failed":2,"imported":8,"unprocessed":0},` +
		`"createTime":"2026-01-02T03:04:05Z","updateTime":"2026-01-02T03:04:05Z","startTime":"2026-01-02T03:04:05Z",` +
		`"endTime":"2026-01-02T03:04:06Z","expireTime":"2026-01-02T04:04:05Z",` +
		`"links":{"events":"` + operationLink + `/events","failedRecords":"` + operationLink + `/records?outcome=failed",` +
		`"monitor":"` + operationLink + `","records":"` + operationLink + `/records"}}},"done":true,` +
		`"error":{"code":3,"message":"Line 3 is no JSON.","details":[{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"reason":"MalformedJson"}}]}}`
	if diff := cmp.Diff(want, strings.TrimSpace(send(t, &watcher{op: op}, http.MethodGet, path).Body.String())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestASearchRespondsWithItsResult(t *testing.T) {
	t.Parallel()
	op := in(operation.Succeeded)
	op.Kind, op.Result = operation.Search, json.RawMessage(`{"found":3}`)
	got := decode[longrunning](t, send(t, &watcher{op: op}, http.MethodGet, path))
	if got.Response == nil || got.Response.Value["found"] != 3.0 || got.Metadata.Value["counts"] != nil {
		t.Errorf("%+v", got)
	}
	if links, _ := got.Metadata.Value["links"].(map[string]any); links["results"] != "https://api.example/search/status/"+id.String() {
		t.Errorf("the links are %+v", links)
	}
}

// Cancelling promises nothing, so it is never refused for coming too late.
func TestCancelIsBestEffort(t *testing.T) {
	t.Parallel()
	for state, did := range map[operation.State]bool{operation.Running: true, operation.Succeeded: false, operation.Cancelled: false} {
		m := &watcher{op: in(state)}
		for _, colon := range []string{":", "%3A"} {
			w := send(t, m, http.MethodPost, path+colon+"cancel")
			if w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != "{}" || m.cancelled != did {
				t.Errorf("%s: %d %s, cancelled: %v", state, w.Code, w.Body, m.cancelled)
			}
		}
	}
	for _, wrong := range []string{path, path + ":wait", "/v1/operations/7:cancel", "/v1/operations/" + strings.Repeat("0", 32) + ":cancel"} {
		if w := send(t, &watcher{op: in(operation.Running)}, http.MethodPost, wrong); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", wrong, w.Code, w.Body)
		}
	}
}

func TestDeleteNeverCancels(t *testing.T) {
	t.Parallel()
	m := &watcher{op: in(operation.Running)}
	w := send(t, m, http.MethodDelete, path)
	if w.Code != http.StatusBadRequest || w.Header().Get("X-Ms-Error-Code") != "FailedPrecondition" || m.cancelled || m.pruned {
		t.Errorf("unfinished: %d %s, %+v", w.Code, w.Body, m)
	}
	m = &watcher{op: in(operation.Succeeded)}
	w = send(t, m, http.MethodDelete, path)
	if w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != "{}" || !m.pruned {
		t.Errorf("finished: %d %s", w.Code, w.Body)
	}
}
