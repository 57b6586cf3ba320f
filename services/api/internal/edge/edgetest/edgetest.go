// Package edgetest sends requests to routes in tests, without a server, and checks the responses.
package edgetest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
)

// NewEngine returns an engine with the routes, and a HEAD beside each GET. The local principal sends all
// requests whose context has no other one. An error of a handler
// that has not responded yet becomes a problem, as in the server, which also checks the query.
func NewEngine(routes []edge.Route) *gin.Engine {
	engine := gin.New()
	for _, route := range edge.WithHead(routes) {
		engine.Handle(route.Method, route.Path, func(c *gin.Context) {
			if ctx := c.Request.Context(); access.Of(ctx) == nil {
				c.Request = c.Request.WithContext(access.With(ctx, access.NewLocal()))
			}
			if err := edge.Checked(route).Handler(c); err != nil && !c.Writer.Written() {
				problem.Write(c.Writer, c.Request, "req-1", err)
			}
		})
	}
	return engine
}

// Dispatcher records the chunks that handlers dispatch, in place of the queue.
type Dispatcher []job.Chunk

// Dispatch records the chunk.
func (d *Dispatcher) Dispatch(_ context.Context, due job.Due) error {
	*d = append(*d, due.Chunk)
	return nil
}

// DispatchWhole records the only chunk of an import.
func (d *Dispatcher) DispatchWhole(_ context.Context, op *operation.Operation) error {
	*d = append(*d, job.Chunk{OperationID: op.ID})
	return nil
}

// recorder supports read deadlines, as a connection does.
type recorder struct{ *httptest.ResponseRecorder }

// SetReadDeadline does nothing.
func (recorder) SetReadDeadline(time.Time) error { return nil }

// Send sends a request and returns the response. headers are alternating names and values. A body without
// a Content-Type among them is sent as JSON.
func Send(t *testing.T, engine http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return SendWith(t.Context(), t, engine, method, path, body, headers...)
}

// SendWith is Send with the context of the request.
func SendWith(
	ctx context.Context, t *testing.T, engine http.Handler, method, path, body string, headers ...string,
) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Add(pair[0], pair[1])
	}
	if _, given := request.Header["Content-Type"]; !given && body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	engine.ServeHTTP(recorder{w}, request)
	return w
}

// Decode decodes the JSON body of a response.
func Decode[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("decoding the response %d %s: %v", w.Code, w.Body, err)
	}
	return v
}

// CheckStatus checks the status code.
func CheckStatus(t *testing.T, w *httptest.ResponseRecorder, want int) {
	t.Helper()
	if w.Code != want {
		t.Errorf("status code = %d, want %d: %s", w.Code, want, w.Body)
	}
}

// CheckHeader checks one header; an empty value means that it is absent.
func CheckHeader(t *testing.T, w *httptest.ResponseRecorder, name, want string) {
	t.Helper()
	if got := w.Header().Get(name); got != want {
		t.Errorf("%s = %q, want %q", name, got, want)
	}
}

// CheckHasHeader checks whether a header is present.
func CheckHasHeader(t *testing.T, w *httptest.ResponseRecorder, name string, want bool) {
	t.Helper()
	if got := w.Header().Get(name); (got != "") != want {
		t.Errorf("%s = %q, want present: %t", name, got, want)
	}
}

// CheckBody checks the body, without white space at its ends.
func CheckBody(t *testing.T, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	if diff := cmp.Diff(want, strings.TrimSpace(w.Body.String())); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// CheckProblem checks that the response is a problem, or an error of Google's APIs, with a status code and an error code.
func CheckProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	CheckStatus(t, w, status)
	CheckHeader(t, w, "X-Ms-Error-Code", code)
	if strings.Contains(w.Body.String(), `"@type":"type.googleapis.com/google.rpc.ErrorInfo"`) {
		CheckHeader(t, w, "Content-Type", "application/json; charset=utf-8")
		return
	}
	CheckHeader(t, w, "Content-Type", "application/problem+json")
}
