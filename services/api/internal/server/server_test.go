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

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/service"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

func serve(t *testing.T, method, path string, header http.Header, handle edge.Handler) *httptest.ResponseRecorder {
	t.Helper()
	engine := newEngine(front{slog.New(slog.DiscardHandler), metrics.NewRequests(), ""}, index([]edge.Route{
		{Method: http.MethodGet, Path: "/thing/:id", Handler: handle, Summary: "A thing."},
	}, []string{"tools"}))
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Header = header
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, r)
	return w
}

func TestEveryFailureIsAProblem(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, path string
		handle       edge.Handler
		status       int
		shows        string
	}{
		"unknown address":  {http.MethodGet, "/nothing", nil, 404, "NoSuchAddress"},
		"wrong method":     {http.MethodDelete, "/thing/1", nil, 405, "takes GET, HEAD, not DELETE"},
		"internal error":   {http.MethodGet, "/thing/1", func(*gin.Context) error { return errors.New("secret") }, 500, "Internal"},
		"panic":            {http.MethodGet, "/thing/1", func(*gin.Context) error { panic("secret") }, 500, "Internal"},
		"client went away": {http.MethodGet, "/thing/1", func(*gin.Context) error { return context.Canceled }, 500, "Internal"},
	} {
		w := serve(t, tt.method, tt.path, http.Header{}, tt.handle)
		body := w.Body.String()
		if w.Code != tt.status || !strings.Contains(body, tt.shows) || strings.Contains(body, "secret") ||
			w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", name, w.Code, body)
		}
	}
	if allow := serve(t, http.MethodPost, "/thing/1", http.Header{}, nil).Header().Get("Allow"); allow != "GET, HEAD" {
		t.Errorf("Allow: %q", allow)
	}
}

func TestRequestIDIsTheClientsIfHarmless(t *testing.T) {
	t.Parallel()
	for given, kept := range map[string]bool{"abc-123": true, "": false, "two words": false, strings.Repeat("x", 129): false} {
		w := serve(t, http.MethodGet, "/thing/1", http.Header{"X-Request-Id": {given}}, func(*gin.Context) error { return errors.New("x") })
		var body struct {
			ID string `json:"request_id"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if got := w.Header().Get("X-Request-Id"); got != body.ID || got == "" || (got == given) != kept {
			t.Errorf("given %q, answered %q, problem says %q", given, got, body.ID)
		}
	}
}

func TestAnAnswerThatBreaksIsCutOff(t *testing.T) {
	t.Parallel()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			t.Errorf("ended with %v", p)
		}
	}()
	serve(t, http.MethodGet, "/thing/1", http.Header{}, func(c *gin.Context) error {
		c.String(http.StatusOK, "half")
		return errors.New("the other half is lost")
	})
}

func TestIndexListsRoutesAndCollections(t *testing.T) {
	t.Parallel()
	w := serve(t, http.MethodGet, "/", http.Header{}, nil)
	for _, part := range []string{`"/thing/:id"`, `"A thing."`, `"collections":["tools"]`} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("GET / lacks %s: %s", part, w.Body)
		}
	}
}

// firstLine hands on the first record of a log.
type firstLine chan string

func (f firstLine) Write(p []byte) (int, error) {
	select {
	case f <- string(p):
	default:
	}
	return len(p), nil
}

func TestStoppingLetsRequestsInHandFinish(t *testing.T) {
	t.Parallel()
	lines := make(firstLine, 1)
	arrived, release := make(chan struct{}), make(chan struct{})
	s := New(Options{
		Addr: "127.0.0.1:0", Lifecycle: service.HTTPOptions{Ready: func() {}, Grace: time.Minute}, Requests: metrics.NewRequests(),
	}, slog.New(slog.NewJSONHandler(lines, nil)), []edge.Route{{
		Method: http.MethodGet, Path: "/slow", Handler: func(c *gin.Context) error {
			close(arrived)
			<-release
			c.String(http.StatusOK, "whole")
			return nil
		},
	}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var listening struct{ Addr string }
	if err := json.Unmarshal([]byte(<-lines), &listening); err != nil {
		t.Fatal(err)
	}
	answer := make(chan string, 1)
	go func() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listening.Addr+"/slow", nil)
		if err != nil {
			answer <- err.Error()
			return
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = response.Body.Close() }()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-arrived
	stop()
	close(release)
	if got := <-answer; got != "whole" {
		t.Errorf("the request in hand got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// Who may read may ask for the headers alone; a stream of events has no end at which they could be told.
func TestAHeadIsAnsweredWhereverAGetIs(t *testing.T) {
	t.Parallel()
	show := func(c *gin.Context) error {
		c.String(http.StatusOK, "Prefer is %q", c.GetHeader("Prefer"))
		return nil
	}
	engine := newEngine(front{slog.New(slog.DiscardHandler), metrics.NewRequests(), ""}, index([]edge.Route{
		{Method: http.MethodGet, Path: "/thing", Handler: show},
		{Method: http.MethodGet, Path: "/stream", Handler: show, Streaming: true},
	}, nil))
	for path, status := range map[string]int{"/": 200, "/thing": 200, "/stream": 405, "/nothing": 404} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodHead, path, nil)
		r.Header.Set("Prefer", "wait=60")
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
		if w.Code != status || path == "/thing" && w.Body.String() != `Prefer is ""` { // a real connection leaves the body out
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
