package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/problem"
)

func write(t *testing.T, err error) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	problem.Write(w, httptest.NewRequest(http.MethodPost, "/api/tools/import", nil), "req-1", err)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w, body
}

func TestWriteFault(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("reading: %w", fault.New(fault.Malformed, "malformed-json", "Line %d is <broken>.", 3).
		With("line", 3).Because(errors.New("secret")))
	w, body := write(t, err)
	want := map[string]any{
		"type": "urn:longshore:problem:malformed-json", "title": "Malformed request", "status": 400.0,
		"detail": "Line 3 is <broken>.", "instance": "/api/tools/import", "request_id": "req-1", "line": 3.0,
		"error": map[string]any{"code": "MalformedJson", "message": "Line 3 is <broken>."},
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if w.Code != http.StatusBadRequest {
		t.Errorf("status = %d, want 400", w.Code)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type = %q, want application/problem+json", got)
	}
	if got := w.Header().Get("x-ms-error-code"); got != "MalformedJson" {
		t.Errorf("x-ms-error-code = %q, want MalformedJson", got)
	}
}

func TestWriteHidesOtherErrors(t *testing.T) {
	t.Parallel()
	w, body := write(t, errors.New("password=secret"))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("Write() = %d: %s, want 500 without the error's text", w.Code, w.Body)
	}
	if want := "urn:longshore:problem:internal"; body["type"] != want {
		t.Errorf("type = %v, want %s", body["type"], want)
	}
}

func TestWriteSetsRetryAfter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault      *fault.Fault
		status     int
		retryAfter string
	}{
		"unavailable":     {fault.New(fault.Unavailable, "database-unavailable", "Later."), http.StatusServiceUnavailable, "5"},
		"with a delay":    {fault.New(fault.Conflict, "busy", "Later.").RetryAfter(1500 * time.Millisecond), http.StatusConflict, "2"},
		"without a delay": {fault.New(fault.Conflict, "over", "Never."), http.StatusConflict, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := write(t, tt.fault)
			if w.Code != tt.status {
				t.Errorf("status = %d, want %d", w.Code, tt.status)
			}
			if got := w.Header().Get("Retry-After"); got != tt.retryAfter {
				t.Errorf("Retry-After = %q, want %q", got, tt.retryAfter)
			}
		})
	}
}

// People read a problem from the start, so the order of its members matters.
func TestWriteOrdersMembers(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/api/%FF/import", nil)
	problem.Write(w, r, "req-1", fault.New(fault.Malformed, "malformed-json", "1 < 2 & \xff.").With("line", 3).With("column", 7).With("row", 2))
	want := `{"type":"urn:longshore:problem:malformed-json","title":"Malformed request","status":400,"detail":"1 < 2 & �.",` +
		`"column":7,"line":3,"row":2,` +
		`"error":{"code":"MalformedJson","message":"1 < 2 & �."},"instance":"/api/%FF/import","request_id":"req-1"}` + "\n"
	if diff := cmp.Diff(want, w.Body.String()); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// TestWriteGoogle: at the paths of google.longrunning an error has the form of Google's APIs, whatever its kind.
func TestWriteGoogle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"not found": {
			fault.New(fault.NotFound, "operation-not-found", "There is no <such> operation."),
			`{"error":{"code":404,"message":"There is no <such> operation.","status":"NOT_FOUND","details":[` +
				`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"OPERATION_NOT_FOUND","domain":"longshore"},` +
				`{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"req-1"}]}}`,
		},
		"with details and a delay": {
			fault.New(fault.TooMany, "client-limit", "Later.").With("limit", 3).With("at", "x").RetryAfter(1500 * time.Millisecond),
			`{"error":{"code":429,"message":"Later.","status":"RESOURCE_EXHAUSTED","details":[` +
				`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CLIENT_LIMIT","domain":"longshore","metadata":{"at":"x","limit":"3"}},` +
				`{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"req-1"},` +
				`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"}]}}`,
		},
		"failed precondition": {
			fault.New(fault.Malformed, "failed-precondition", "Cancel it first."),
			`{"error":{"code":400,"message":"Cancel it first.","status":"FAILED_PRECONDITION","details":[` +
				`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"FAILED_PRECONDITION","domain":"longshore"},` +
				`{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"req-1"}]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			problem.Write(w, httptest.NewRequest(http.MethodGet, "/v1/operations/x", nil), "req-1", tt.err)
			if diff := cmp.Diff(tt.want+"\n", w.Body.String()); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
				t.Errorf("Content-Type = %q, want JSON", got)
			}
		})
	}
}

// TestWriteKnowsEveryKind: every kind of fault has a status of its own in both forms.
func TestWriteKnowsEveryKind(t *testing.T) {
	t.Parallel()
	for kind := fault.Internal; kind <= fault.Misdirected; kind++ {
		for _, path := range []string{"/operations", "/v1/operations"} {
			w := httptest.NewRecorder()
			problem.Write(w, httptest.NewRequest(http.MethodGet, path, nil), "req-1", fault.New(kind, "x", "X."))
			if w.Code < http.StatusBadRequest || strings.Contains(w.Body.String(), `"status":""`) || strings.Contains(w.Body.String(), `"title":""`) {
				t.Errorf("kind %d at %s = %d %s, want a status and its name", kind, path, w.Code, w.Body)
			}
		}
	}
}

// TestWriteEncodesInstance: the instance is a reference to a URI, which contains no blanks and no other letters.
func TestWriteEncodesInstance(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/api/a%20b": "/api/a%20b", "/api/%C3%A4%22%3C": "/api/%C3%A4%22%3C", "/a:b@c": "/a:b@c", "/%00%0A": "/%00%0A"} {
		w := httptest.NewRecorder()
		problem.Write(w, httptest.NewRequest(http.MethodGet, path, nil), "req-1", errors.New("x"))
		if !strings.Contains(w.Body.String(), `"instance":"`+want+`"`) {
			t.Errorf("instance of %s = %s, want %s", path, w.Body, want)
		}
	}
}
