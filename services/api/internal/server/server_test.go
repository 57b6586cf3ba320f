package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// serve returns the response to a request at a server with the handler at GET /thing/:id.
func serve(t *testing.T, method, path string, header http.Header, handle edge.Handler) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(access.With(t.Context(), access.NewLocal()), method, path, nil)
	r.Header = header
	return serveRequest(t, r, handle)
}

func serveRequest(t *testing.T, r *http.Request, handle edge.Handler) *httptest.ResponseRecorder {
	t.Helper()
	engine := newEngine(middleware{slog.New(slog.DiscardHandler), metrics.NewRequests(), noLimits(), "", edge.NewAddresses(""), nil, testGuard()}, withIndex([]edge.Route{
		{Method: http.MethodGet, Path: "/thing/:id", Handler: handle, Summary: "A thing."},
	}, collectiontest.Shipped(t).Catalog))
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, r)
	return w
}

func TestServerWritesProblems(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, path string
		handle       edge.Handler
		status       int
		text         string
	}{
		"unknown address":  {http.MethodGet, "/nothing", nil, 404, "NoSuchAddress"},
		"wrong method":     {http.MethodDelete, "/thing/1", nil, 405, "takes GET, HEAD, OPTIONS, not DELETE"},
		"internal error":   {http.MethodGet, "/thing/1", func(*gin.Context) error { return errors.New("secret") }, 500, "Internal"},
		"panic":            {http.MethodGet, "/thing/1", func(*gin.Context) error { panic("secret") }, 500, "Internal"},
		"context canceled": {http.MethodGet, "/thing/1", func(*gin.Context) error { return context.Canceled }, 503, "DatabaseUnavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := serve(t, tt.method, tt.path, http.Header{}, tt.handle)
			body := w.Body.String()
			if w.Code != tt.status {
				t.Errorf("status = %d, want %d", w.Code, tt.status)
			}
			if !strings.Contains(body, tt.text) || strings.Contains(body, "secret") {
				t.Errorf("body = %s, want %q and no internal error text", body, tt.text)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type = %q, want a problem", got)
			}
		})
	}
}

func TestServerSetsAllow(t *testing.T) {
	t.Parallel()
	if got := serve(t, http.MethodPost, "/thing/1", http.Header{}, nil).Header().Get("Allow"); got != "GET, HEAD, OPTIONS" {
		t.Errorf("Allow = %q, want %q", got, "GET, HEAD, OPTIONS")
	}
}

func TestServerKeepsValidRequestID(t *testing.T) {
	t.Parallel()
	for sent, kept := range map[string]bool{"abc-123": true, "": false, "two words": false, strings.Repeat("x", 129): false} {
		w := serve(t, http.MethodGet, "/thing/1", http.Header{"X-Request-Id": {sent}}, func(*gin.Context) error { return errors.New("x") })
		var body struct {
			ID string `json:"request_id"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		got := w.Header().Get("X-Request-Id")
		if got == "" || (got == sent) != kept {
			t.Errorf("X-Request-Id = %q for %q, want it kept: %t", got, sent, kept)
		}
		if got != body.ID {
			t.Errorf("request_id = %q, want %q", body.ID, got)
		}
	}
}

func TestServerAbortsPartialResponse(t *testing.T) {
	t.Parallel()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // net/http compares it this way
			t.Errorf("panic = %v, want %v", p, http.ErrAbortHandler)
		}
	}()
	serve(t, http.MethodGet, "/thing/1", http.Header{}, func(c *gin.Context) error {
		c.String(http.StatusOK, "first half")
		return errors.New("no second half")
	})
}

func TestIndexListsRoutesAndCollections(t *testing.T) {
	t.Parallel()
	w := serve(t, http.MethodGet, "/", http.Header{}, nil)
	for _, want := range []string{`"/thing/:id"`, `"A thing."`, `"collections":["tools"]`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("GET / = %s, want %s in it", w.Body, want)
		}
	}
}

// firstLine is a log output that sends its first record to a channel.
type firstLine chan string

func (f firstLine) Write(p []byte) (int, error) {
	select {
	case f <- string(p):
	default:
	}
	return len(p), nil
}

func TestServerRunFinishesRunningRequests(t *testing.T) {
	t.Parallel()
	lines := make(firstLine, 1)
	started, release := make(chan struct{}), make(chan struct{})
	slow := edge.Route{
		Method: http.MethodGet, Path: "/slow", Action: access.Public, Handler: func(c *gin.Context) error {
			close(started)
			<-release
			c.String(http.StatusOK, "complete")
			return nil
		},
	}
	ready := make(chan struct{})
	s := New(Options{
		Addr: "127.0.0.1:0", Lifecycle: service.HTTPOptions{Ready: func() { close(ready) }, Grace: time.Minute},
		Requests: metrics.NewRequests(), Gate: noLimits(), Guard: testGuard(),
	}, slog.New(slog.NewJSONHandler(lines, nil)), func(context.Context) (Opened, error) {
		return Opened{[][]edge.Route{{slow}}, collection.NewCatalog(), func(r edge.Route) edge.Route { return r }}, nil
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	var listening struct{ Addr string }
	if err := json.Unmarshal([]byte(<-lines), &listening); err != nil {
		t.Fatal(err)
	}
	<-ready
	reply := make(chan string, 1)
	go func() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listening.Addr+"/slow", nil)
		if err != nil {
			reply <- err.Error()
			return
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			reply <- err.Error()
			return
		}
		defer func() { _ = response.Body.Close() }()
		body, _ := io.ReadAll(response.Body)
		reply <- string(body)
	}()
	<-started
	stop()
	close(release)
	if got := <-reply; got != "complete" {
		t.Errorf("running request received %q, want %q", got, "complete")
	}
	if err := <-done; err != nil {
		t.Errorf("Run() = %v, want nil", err)
	}
}

// TestStartingServer: every request gets 503 with Retry-After.
func TestStartingServer(t *testing.T) {
	t.Parallel()
	engine := newStartingEngine(middleware{slog.New(slog.DiscardHandler), metrics.NewRequests(), noLimits(), "", edge.NewAddresses(""), nil, testGuard()})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/operations", nil))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `problem:starting"`) {
			t.Errorf("%s = %d, Retry-After %q, %s, want 503 with the problem starting", method, w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}

// Every GET route also serves HEAD, also streams.
func TestServerServesHead(t *testing.T) {
	t.Parallel()
	show := func(c *gin.Context) error {
		c.String(http.StatusOK, "Prefer is %q", c.GetHeader("Prefer"))
		return nil
	}
	engine := newEngine(middleware{slog.New(slog.DiscardHandler), metrics.NewRequests(), noLimits(), "", edge.NewAddresses(""), nil, testGuard()}, withIndex([]edge.Route{
		{Method: http.MethodGet, Path: "/thing", Handler: show},
		{Method: http.MethodGet, Path: "/stream", Handler: show, Streaming: true},
	}, collection.NewCatalog()))
	for path, status := range map[string]int{"/": 200, "/thing": 200, "/stream": 200, "/nothing": 404} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodHead, path, nil)
		r = r.WithContext(access.With(r.Context(), access.NewLocal()))
		r.Header.Set("Prefer", "wait=60")
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("HEAD %s = %d, want %d", path, w.Code, status)
		}
		if want := `Prefer is ""`; path == "/thing" && w.Body.String() != want { // net/http would drop the body
			t.Errorf("HEAD %s = %q, want %q", path, w.Body, want)
		}
	}
}
