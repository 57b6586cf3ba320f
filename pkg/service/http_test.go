package service_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/service"
)

// testServer is a running server: its address, how to stop it, and the result of ServeHTTP.
type testServer struct {
	addr   string
	stop   context.CancelFunc
	result chan error
}

// startServer serves a handler on a free port.
func startServer(t *testing.T, o service.HTTPOptions, handler http.HandlerFunc) testServer {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	ready := make(chan struct{})
	o.Ready = func() { close(ready) }
	s := testServer{addr, stop, make(chan error, 1)}
	server := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { s.result <- service.ServeHTTP(ctx, slog.New(slog.DiscardHandler), server, o) }()
	select {
	case <-ready:
	case err := <-s.result:
		t.Fatal(err)
	}
	return s
}

// connection sends requests over one connection.
type connection struct {
	net.Conn
	responses *bufio.Reader
}

func dial(t *testing.T, addr string) connection {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return connection{c, bufio.NewReader(c)}
}

// get sends a request and reports whether the answer closes the connection.
func (c connection) get() (status int, closes bool, err error) {
	if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return 0, false, err
	}
	response, err := http.ReadResponse(c.responses, nil)
	if err != nil {
		return 0, false, err
	}
	return response.StatusCode, response.Close, response.Body.Close()
}

// TestServeHTTPPrepares: the server's own handler answers until the other one is prepared.
func TestServeHTTPPrepares(t *testing.T) {
	t.Parallel()
	answer := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	ctx, stop := context.WithCancel(t.Context())
	addresses, release, ready := make(logLines, 10), make(chan struct{}), make(chan struct{})
	o := service.HTTPOptions{
		Prepare: func(context.Context) (http.Handler, error) { <-release; return answer(http.StatusOK), nil },
		Ready:   func() { close(ready) },
		Grace:   time.Minute, // a client has its answer before the server finds the connection idle
	}
	server := &http.Server{Addr: "127.0.0.1:0", Handler: answer(http.StatusServiceUnavailable), ReadHeaderTimeout: time.Minute}
	result := make(chan error, 1)
	go func() { result <- service.ServeHTTP(ctx, addresses.env().Log, server, o) }()
	_, address, _ := strings.Cut(strings.TrimSpace(<-addresses), "addr=")
	c := dial(t, address)
	for _, want := range []int{http.StatusServiceUnavailable, http.StatusOK} {
		if status, _, err := c.get(); err != nil || status != want {
			t.Errorf("GET / = %d, %v, want %d", status, err, want)
		}
		if want != http.StatusOK {
			close(release)
			<-ready
		}
	}
	stop()
	if err := <-result; err != nil {
		t.Errorf("ServeHTTP() = %v, want nil", err)
	}
}

// TestServeHTTPStopsUnprepared: the error of the preparation ends the server at once.
func TestServeHTTPStopsUnprepared(t *testing.T) {
	t.Parallel()
	want := errors.New("no database")
	server := &http.Server{Addr: "127.0.0.1:0", Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	err := service.ServeHTTP(t.Context(), slog.New(slog.DiscardHandler), server, service.HTTPOptions{
		Prepare: func(context.Context) (http.Handler, error) { return nil, want }, Drain: time.Hour,
	})
	if !errors.Is(err, want) {
		t.Errorf("ServeHTTP() = %v, want %v", err, want)
	}
}

// TestServeHTTPAnswersWhileDraining: old and new connections are answered and closed.
func TestServeHTTPAnswersWhileDraining(t *testing.T) {
	t.Parallel()
	const drain = 3 * time.Second // enough also on a busy machine
	s := startServer(t, service.HTTPOptions{Drain: drain, Grace: time.Minute}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	old := dial(t, s.addr)
	if status, closes, err := old.get(); err != nil || status != http.StatusNoContent || closes {
		t.Fatalf("before the shutdown: status %d, closes %v, error %v, want 204, false, nil", status, closes, err)
	}
	stopped := time.Now()
	s.stop()
	oldCloses := false
	for time.Since(stopped) < drain/2 && !oldCloses {
		status, closes, err := old.get()
		if err != nil || status != http.StatusNoContent {
			t.Fatalf("old connection while draining: status %d, error %v, want 204, nil", status, err)
		}
		oldCloses = closes
	}
	if !oldCloses {
		t.Error("the old connection was not closed while draining")
	}
	if status, closes, err := dial(t, s.addr).get(); err != nil || status != http.StatusNoContent || !closes {
		t.Errorf("new connection while draining: status %d, closes %v, error %v, want 204, true, nil", status, closes, err)
	}
	if err := <-s.result; err != nil || time.Since(stopped) < drain {
		t.Errorf("ServeHTTP() = %v after %s, want nil after %s", err, time.Since(stopped), drain)
	}
}

func TestServeHTTPWaitsForRunningRequests(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		grace time.Duration
		want  string
	}{
		"finished": {time.Minute, ""},
		"cut off":  {time.Millisecond, "requests were still running after 1ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started, release := make(chan struct{}), make(chan struct{})
			s := startServer(t, service.HTTPOptions{Grace: tt.grace}, func(http.ResponseWriter, *http.Request) {
				close(started)
				<-release
			})
			answered := make(chan error, 1)
			c := dial(t, s.addr)
			go func() { _, _, err := c.get(); answered <- err }()
			<-started
			s.stop()
			if tt.want == "" {
				close(release)
			}
			err := <-s.result
			if (err == nil) != (tt.want == "") || err != nil &&
				(!strings.Contains(err.Error(), tt.want) || !errors.Is(err, context.DeadlineExceeded)) {
				t.Errorf("ServeHTTP() = %v, want %q", err, tt.want)
			}
			if err := <-answered; (err == nil) != (tt.want == "") {
				t.Errorf("the client got the error %v, want one only if it was cut off", err)
			}
			if tt.want != "" {
				close(release)
			}
		})
	}
}

func TestServeHTTPNamesVariableOfAddressInUse(t *testing.T) {
	t.Parallel()
	s := startServer(t, service.HTTPOptions{}, nil)
	server := &http.Server{Addr: s.addr, ReadHeaderTimeout: time.Minute}
	err := service.ServeHTTP(t.Context(), slog.New(slog.DiscardHandler), server, service.HTTPOptions{
		Variable: "LONGSHORE_ADDR", Ready: func() { t.Error("Ready() was called without a listener") },
	})
	if err == nil || !strings.Contains(err.Error(), "LONGSHORE_ADDR") || !strings.Contains(err.Error(), s.addr) {
		t.Errorf("ServeHTTP() = %v, want an error with LONGSHORE_ADDR and %s", err, s.addr)
	}
	s.stop()
	if err := <-s.result; err != nil {
		t.Error(err)
	}
}
