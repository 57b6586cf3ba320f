package httpserver_test

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

	"github.com/longshore-io/longshore/pkg/httpserver"
)

// running is a server of a test: its address, how to stop it, and how it ended.
type running struct {
	addr string
	stop context.CancelFunc
	end  chan error
}

// run serves a handler at a port that was free a moment ago.
func run(t *testing.T, o httpserver.Options, handler http.HandlerFunc) running {
	t.Helper()
	probe, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := probe.Addr().String()
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	ready := make(chan struct{})
	o.Ready = func() { close(ready) }
	r := running{addr, stop, make(chan error, 1)}
	server := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { r.end <- httpserver.Run(ctx, slog.New(slog.DiscardHandler), server, o) }()
	select {
	case <-ready:
	case err := <-r.end:
		t.Fatal(err)
	}
	return r
}

// connection asks over one connection.
type connection struct {
	net.Conn
	answers *bufio.Reader
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

func (c connection) ask() (status int, last bool, err error) {
	if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return 0, false, err
	}
	response, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return 0, false, err
	}
	return response.StatusCode, response.Close, response.Body.Close()
}

// TestADrainingServerGoesOnAnswering: connections that are there already, and new ones, are answered, and told to be used no more.
func TestADrainingServerGoesOnAnswering(t *testing.T) {
	t.Parallel()
	const drain = 3 * time.Second // also on a machine that has more to do
	r := run(t, httpserver.Options{Drain: drain, Grace: time.Minute}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	old := dial(t, r.addr)
	if status, last, err := old.ask(); err != nil || status != http.StatusNoContent || last {
		t.Fatalf("before the end: %d, last %v, %v", status, last, err)
	}
	began := time.Now()
	r.stop()
	told := false
	for time.Since(began) < drain/2 && !told {
		status, last, err := old.ask()
		if err != nil || status != http.StatusNoContent {
			t.Fatalf("an old connection while draining: %d, %v", status, err)
		}
		told = last
	}
	if status, last, err := dial(t, r.addr).ask(); err != nil || status != http.StatusNoContent || !last || !told {
		t.Errorf("a new connection while draining: %d, last %v, %v; the old one was told: %v", status, last, err, told)
	}
	if err := <-r.end; err != nil || time.Since(began) < drain {
		t.Errorf("it ended after %s with %v", time.Since(began), err)
	}
}

func TestRequestsInHandAreFinishedWithinTheGrace(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		grace time.Duration
		want  string
	}{
		"finished": {time.Minute, ""},
		"cut off":  {time.Millisecond, "requests were still running after 1ms"},
	} {
		begun, release := make(chan struct{}), make(chan struct{})
		r := run(t, httpserver.Options{Grace: tt.grace}, func(http.ResponseWriter, *http.Request) {
			close(begun)
			<-release
		})
		answered := make(chan error, 1)
		c := dial(t, r.addr)
		go func() { _, _, err := c.ask(); answered <- err }()
		<-begun
		r.stop()
		if tt.want == "" {
			close(release)
		}
		err := <-r.end
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || !errors.Is(err, context.DeadlineExceeded)) {
			t.Errorf("%s: %v", name, err)
		}
		if err := <-answered; (err == nil) != (tt.want == "") {
			t.Errorf("%s: the client got %v", name, err)
		}
		if tt.want != "" {
			close(release)
		}
	}
}

func TestAnAddressInUseIsToldWithItsVariable(t *testing.T) {
	t.Parallel()
	r := run(t, httpserver.Options{}, nil)
	server := &http.Server{Addr: r.addr, ReadHeaderTimeout: time.Minute}
	err := httpserver.Run(t.Context(), slog.New(slog.DiscardHandler), server, httpserver.Options{Variable: "LONGSHORE_ADDR", Ready: func() { t.Error("ready") }})
	if err == nil || !strings.Contains(err.Error(), "LONGSHORE_ADDR") || !strings.Contains(err.Error(), r.addr) {
		t.Errorf("the second server: %v", err)
	}
	r.stop()
	if err := <-r.end; err != nil {
		t.Error(err)
	}
}
