package server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// pipeListener accepts unbuffered pipes. In a synctest bubble a write to one blocks until it is
// read, so that the fake clock advances to the next deadline.
type pipeListener chan net.Conn

func (p pipeListener) Accept() (net.Conn, error) {
	conn, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipeListener) Close() error   { close(p); return nil }
func (p pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// result is the error that a handler returned, and how long it ran.
type result struct {
	err      error
	duration time.Duration
}

func (r result) check(t *testing.T, want error, duration time.Duration) {
	t.Helper()
	if !errors.Is(r.err, want) {
		t.Errorf("handler returned %v, want %v", r.err, want)
	}
	if r.duration != duration {
		t.Errorf("handler ran for %s, want %s", r.duration, duration)
	}
}

// connect starts a server with the handler at GET and POST /thing, and returns the client's end of
// a connection to it.
func connect(t *testing.T, handle edge.Handler) (net.Conn, <-chan result) {
	t.Helper()
	return connectMeasured(t, metrics.NewRequests(), handle)
}

func connectMeasured(t *testing.T, requests *metrics.Requests, handle edge.Handler) (net.Conn, <-chan result) {
	t.Helper()
	results := make(chan result, 10)
	timed := func(c *gin.Context) error {
		started := time.Now()
		err := handle(c)
		results <- result{err, time.Since(started)}
		return err
	}
	s := New(Options{Requests: requests, Gate: noLimits()}, slog.New(slog.DiscardHandler), nil)
	s.http.Handler = newEngine(middleware{slog.New(slog.DiscardHandler), requests, noLimits(), "", edge.NewAddresses(""), nil, testGuard()}, []edge.Route{
		{Method: http.MethodGet, Path: "/thing", Handler: timed}, {Method: http.MethodPost, Path: "/thing", Handler: timed},
	})
	listener := make(pipeListener, 1)
	stopped := make(chan error, 1)
	go func() { stopped <- s.http.Serve(listener) }()
	client, server := net.Pipe()
	listener <- server
	t.Cleanup(func() {
		_ = client.Close()
		_ = s.http.Close()
		if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve() = %v, want %v", err, http.ErrServerClosed)
		}
	})
	return client, results
}

func send(t *testing.T, client net.Conn, request string) {
	t.Helper()
	if _, err := io.WriteString(client, request); err != nil {
		t.Fatal(err)
	}
}

const getRequest = "GET /thing HTTP/1.1\r\nHost: x\r\n\r\n"

// writeBytes returns a handler that writes n bytes in blocks as large as the largest record.
func writeBytes(n int) edge.Handler {
	return func(c *gin.Context) error {
		block := bytes.Repeat([]byte("x"), 1<<20)
		for ; n > 0; n -= len(block) {
			if _, err := c.Writer.Write(block[:min(n, len(block))]); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestTimedWriterEndsUnreadResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, results := connect(t, writeBytes(1<<30))
		send(t, client, getRequest)
		(<-results).check(t, errClientNotReading, writeGrace)
	})
}

func TestTimedWriterEnforcesMinRate(t *testing.T) {
	t.Parallel()
	const size = 4 << 20
	for rate, complete := range map[int]bool{minWriteRate * 2: true, minWriteRate / 2: false} {
		t.Run(fmt.Sprintf("%d bytes per second", rate), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, results := connect(t, writeBytes(size))
				send(t, client, getRequest)
				response, err := http.ReadResponse(bufio.NewReader(slowReader{client, rate}), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = response.Body.Close() }()
				n, err := io.Copy(io.Discard, response.Body)
				if (err == nil && n == size) != complete {
					t.Errorf("received %d of %d bytes, error %v, want complete: %t", n, size, err, complete)
				}
				if got := <-results; (got.err == nil) != complete {
					t.Errorf("handler returned %v after %s, want success: %t", got.err, got.duration, complete)
				}
			})
		})
	}
}

// slowReader reads rate bytes per second.
type slowReader struct {
	from io.Reader
	rate int
}

func (s slowReader) Read(p []byte) (int, error) {
	n, err := s.from.Read(p[:min(len(p), s.rate)])
	time.Sleep(time.Duration(n) * time.Second / time.Duration(s.rate)) // the clock of the bubble
	return n, err
}

// Only time spent in writes counts: not a slow upload before the response, nor pauses of the
// handler between or after its writes.
func TestTimedWriterIgnoresTimeOutsideWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := connect(t, func(c *gin.Context) error {
			body, err := io.ReadAll(c.Request.Body)
			if err != nil {
				return err
			}
			c.Status(http.StatusAccepted)
			for range 3 {
				if _, err := c.Writer.Write(bytes.Repeat(body, 1000)); err != nil {
					return err
				}
				time.Sleep(2 * writeGrace) // the clock of the bubble
			}
			_, err = c.Writer.WriteString("end")
			time.Sleep(2 * writeGrace) // the clock of the bubble
			return err
		})
		responses := bufio.NewReader(client)
		for range 2 { // the second request reuses the connection
			send(t, client, "POST /thing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n")
			if first, err := http.ReadResponse(responses, nil); err != nil || first.StatusCode != http.StatusContinue {
				t.Fatalf("first response = %+v, %v, want 100 Continue", first, err)
			}
			for range 4 {
				time.Sleep(writeGrace) // the clock of the bubble
				send(t, client, "12345")
			}
			response, err := http.ReadResponse(responses, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil || response.StatusCode != http.StatusAccepted {
				t.Errorf("status %d, error %v, want 202", response.StatusCode, err)
			}
			if len(body) != 60_003 {
				t.Errorf("received %d bytes, want 60003", len(body))
			}
			time.Sleep(idleTimeout / 2) // the clock of the bubble
		}
	})
}

// The deadline also applies to problems, and to what net/http flushes after the handler.
func TestTimedWriterClosesConnectionOfUnreadProblem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, results := connect(t, func(*gin.Context) error { return errors.New("broken") })
		send(t, client, getRequest)
		<-results
		time.Sleep(writeGrace + time.Second) // the clock of the bubble
		if n, err := client.Read(make([]byte, 100)); !errors.Is(err, io.EOF) {
			t.Errorf("Read() = %d bytes, %v, want EOF", n, err)
		}
	})
}
