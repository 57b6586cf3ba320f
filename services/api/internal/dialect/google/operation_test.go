package google_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/google"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// Every state but receiving has its own word.
func TestWord(t *testing.T) {
	t.Parallel()
	seen := map[string]operation.State{}
	for _, state := range operation.States() {
		word := google.Word(state)
		if (word == "") != (state == operation.Receiving) {
			t.Errorf("Word(%s) = %q, want no word for receiving only", state, word)
		}
		if other, duplicate := seen[word]; duplicate {
			t.Errorf("Word(%s) = Word(%s) = %q, want different words", state, other, word)
		}
		seen[word] = state
	}
}

// structured is a google.protobuf.Any that contains a Struct.
type structured struct {
	Type  string         `json:"@type"`
	Value map[string]any `json:"value"`
}

// longrunning is google.longrunning.Operation as clients read it.
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

func checkType(t *testing.T, s structured) {
	t.Helper()
	if s.Type != structType {
		t.Errorf("@type = %q, want %q", s.Type, structType)
	}
}

func TestGetWithWarnings(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Running)
	f.op.Warnings = []string{"the sequence is behind"}
	w := f.send(t, http.MethodGet, path)
	edgetest.CheckStatus(t, w, http.StatusOK)
	if got := edgetest.Decode[longrunning](t, w).Metadata.Value["warnings"]; !cmp.Equal(got, []any{"the sequence is behind"}) {
		t.Errorf("metadata.warnings = %v, want the warning of the operation", got)
	}
}

// The proto requires exactly one of error and response of a finished operation, and neither before.
func TestGetInEveryState(t *testing.T) {
	t.Parallel()
	const unfinished, succeeded = -1, 0
	for state, code := range map[operation.State]int{
		operation.Waiting: unfinished, operation.Running: unfinished, operation.Succeeded: succeeded,
		operation.Cancelled: 1, operation.TimedOut: 4, operation.Failed: 13,
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newFake(state).send(t, http.MethodGet, path)
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckHasHeader(t, w, "Retry-After", !state.Terminal())
			edgetest.CheckHeader(t, w, "Cache-Control", "no-store")
			got := edgetest.Decode[longrunning](t, w)
			if want := "operations/" + id.String(); got.Name != want {
				t.Errorf("name = %q, want %q", got.Name, want)
			}
			if got.Done != state.Terminal() {
				t.Errorf("done = %t, want %t", got.Done, state.Terminal())
			}
			checkType(t, got.Metadata)
			if word := got.Metadata.Value["state"]; word != google.Word(state) {
				t.Errorf("metadata.state = %v, want %q", word, google.Word(state))
			}
			checkResponse(t, got, code == succeeded)
			checkError(t, got, max(code, 0))
		})
	}
}

func checkResponse(t *testing.T, got longrunning, want bool) {
	t.Helper()
	if (got.Response != nil) != want {
		t.Errorf("response = %+v, want one: %t", got.Response, want)
	}
	if got.Response == nil {
		return
	}
	checkType(t, *got.Response)
	if imported := got.Response.Value["imported"]; imported != 8.0 {
		t.Errorf("response.imported = %v, want 8", imported)
	}
}

// checkError checks the error's code; 0 means none.
func checkError(t *testing.T, got longrunning, code int) {
	t.Helper()
	if (got.Error != nil) != (code > 0) {
		t.Errorf("error = %+v, want code %d", got.Error, code)
	}
	if got.Error == nil {
		return
	}
	if got.Error.Code != code {
		t.Errorf("error.code = %d, want %d", got.Error.Code, code)
	}
	if got.Error.Message == "" {
		t.Error("error.message is empty")
	}
	checkType(t, got.Error.Details[0])
}

func TestGetFailedImport(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Failed)
	f.op.Failure = &operation.Failure{Code: "MalformedJson", Message: "Line 3 is no JSON."}
	const operationLink = "https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976"
	edgetest.CheckBody(t, f.send(t, http.MethodGet, path),
		`{"name":"operations/01a201ca-08ae-76bd-94da-dcd44d595976","metadata":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{`+
			`"state":"FAILED","kind":"import","collection":"tools","progressPercent":100,`+
			`"counts":{"total":10,"created":8,"updated":0,"superseded":0,"failed":2,"imported":8,"unprocessed":0},`+
			`"createTime":"2026-01-02T03:04:05Z","updateTime":"2026-01-02T03:04:05Z","startTime":"2026-01-02T03:04:05Z",`+
			`"endTime":"2026-01-02T03:04:06Z","expireTime":"2026-01-02T04:04:05Z",`+
			`"links":{"events":"`+operationLink+`/events","failedRecords":"`+operationLink+`/records?outcome=failed",`+
			`"failedRecordsCsv":"`+operationLink+`/records?outcome=failed&format=csv",`+
			`"monitor":"`+operationLink+`","records":"`+operationLink+`/records"}}},"done":true,`+
			`"error":{"code":3,"message":"Line 3 is no JSON.","details":[{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"reason":"MalformedJson"}}]}}`)
}

func TestGetSearch(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	f.op.Kind, f.op.Result = operation.Search, json.RawMessage(`{"found":3}`)
	got := edgetest.Decode[longrunning](t, f.send(t, http.MethodGet, path))
	if got.Response == nil || got.Response.Value["found"] != 3.0 {
		t.Errorf("response = %+v, want found 3", got.Response)
	}
	if counts := got.Metadata.Value["counts"]; counts != nil {
		t.Errorf("metadata.counts = %v, want none", counts)
	}
	links, _ := got.Metadata.Value["links"].(map[string]any)
	if want := "https://api.example/search/status/" + id.String(); links["results"] != want {
		t.Errorf("results link = %v, want %s", links["results"], want)
	}
}

func TestHeadIsNoPoll(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Running)
	w := f.send(t, http.MethodHead, path)
	edgetest.CheckStatus(t, w, http.StatusOK)
	edgetest.CheckHasHeader(t, w, "Retry-After", true)
	if f.peeks != 1 {
		t.Errorf("peeks = %d, want 1", f.peeks)
	}
}

// Cancelling is best effort and does not fail if the operation finished before.
func TestCancelIsBestEffort(t *testing.T) {
	t.Parallel()
	for state, cancelled := range map[operation.State]bool{operation.Running: true, operation.Succeeded: false, operation.Cancelled: false} {
		for _, colon := range []string{":", "%3A"} {
			t.Run(string(state)+colon, func(t *testing.T) {
				t.Parallel()
				f := newFake(state)
				w := f.send(t, http.MethodPost, path+colon+"cancel")
				edgetest.CheckStatus(t, w, http.StatusOK)
				edgetest.CheckBody(t, w, "{}")
				if f.cancelled != cancelled {
					t.Errorf("cancelled = %t, want %t", f.cancelled, cancelled)
				}
			})
		}
	}
}

func TestCancelNotFound(t *testing.T) {
	t.Parallel()
	for _, path := range []string{path, path + ":wait", "/v1/operations/7:cancel", "/v1/operations/" + strings.Repeat("0", 32) + ":cancel"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			edgetest.CheckStatus(t, newFake(operation.Running).send(t, http.MethodPost, path), http.StatusNotFound)
		})
	}
}

func TestDeleteNeverCancels(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Running)
	edgetest.CheckProblem(t, f.send(t, http.MethodDelete, path), http.StatusBadRequest, "FailedPrecondition")
	if f.cancelled || f.pruned {
		t.Errorf("cancelled = %t, pruned = %t, want neither", f.cancelled, f.pruned)
	}
}

func TestDeleteFinished(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Succeeded)
	w := f.send(t, http.MethodDelete, path)
	edgetest.CheckStatus(t, w, http.StatusOK)
	edgetest.CheckBody(t, w, "{}")
	if !f.pruned {
		t.Error("the operation was not pruned")
	}
}
