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

// pipes is a listener whose connections are pipes without a buffer: in a bubble of synctest they stand still when nobody reads, and
// then the clock moves on to the next deadline.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// ended is what a handler returned, and how long after its begin.
type ended struct {
	err   error
	after time.Duration
}

// connect runs the real server with one route for each method, and returns a client's end of a connection to it.
func connect(t *testing.T, handle edge.Handler) (net.Conn, <-chan ended) {
	t.Helper()
	return connectMeasured(t, metrics.NewRequests(), handle)
}

func connectMeasured(t *testing.T, requests *metrics.Requests, handle edge.Handler) (net.Conn, <-chan ended) {
	t.Helper()
	ends := make(chan ended, 10)
	timed := func(c *gin.Context) error {
		began := time.Now()
		err := handle(c)
		ends <- ended{err, time.Since(began)}
		return err
	}
	s := New(Options{Requests: requests}, slog.New(slog.DiscardHandler), []edge.Route{
		{Method: http.MethodGet, Path: "/thing", Handler: timed}, {Method: http.MethodPost, Path: "/thing", Handler: timed},
	})
	listener := make(pipes, 1)
	stopped := make(chan error, 1)
	go func() { stopped <- s.http.Serve(listener) }()
	client, far := net.Pipe()
	listener <- far
	t.Cleanup(func() {
		_ = client.Close()
		_ = s.http.Close()
		if err := <-stopped; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return client, ends
}

func ask(t *testing.T, client net.Conn, request string) {
	t.Helper()
	if _, err := io.WriteString(client, request); err != nil {
		t.Fatalf("asking: %v", err)
	}
}

const get = "GET /thing HTTP/1.1\r\nHost: x\r\n\r\n"

// streamed writes n bytes in pieces as large as a record can be.
func streamed(n int) edge.Handler {
	return func(c *gin.Context) error {
		piece := bytes.Repeat([]byte("x"), 1<<20)
		for ; n > 0; n -= len(piece) {
			if _, err := c.Writer.Write(piece[:min(n, len(piece))]); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, ends := connect(t, streamed(1<<30))
		ask(t, client, get)
		end := <-ends
		if !errors.Is(end.err, errNotTaken) || end.after != takingGrace {
			t.Errorf("the answer ended after %s with %v", end.after, end.err)
		}
	})
}

func TestASlowClientIsServedFromARateOn(t *testing.T) {
	t.Parallel()
	const size = 4 << 20
	for rate, whole := range map[int]bool{takingRate * 2: true, takingRate / 2: false} {
		t.Run(fmt.Sprintf("%d bytes per second", rate), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, ends := connect(t, streamed(size))
				ask(t, client, get)
				response, err := http.ReadResponse(bufio.NewReader(slowly{client, rate}), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = response.Body.Close() }()
				n, err := io.Copy(io.Discard, response.Body)
				if (err == nil && n == size) != whole {
					t.Errorf("got %d bytes, %v", n, err)
				}
				if end := <-ends; (end.err == nil) != whole {
					t.Errorf("the answer ended after %s with %v", end.after, end.err)
				}
			})
		})
	}
}

// slowly reads a number of bytes per second.
type slowly struct {
	from io.Reader
	rate int
}

func (s slowly) Read(p []byte) (int, error) {
	n, err := s.from.Read(p[:min(len(p), s.rate)])
	time.Sleep(time.Duration(n) * time.Second / time.Duration(s.rate)) // the clock of the bubble
	return n, err
}

// What takes long on our side must not be charged to the client: an upload before the answer, waiting in its middle, waiting at its end.
func TestALongWayToAnAnswerDoesNotCutItOff(t *testing.T) {
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
				time.Sleep(2 * takingGrace) // the clock of the bubble
			}
			_, err = c.Writer.WriteString("end")
			time.Sleep(2 * takingGrace) // the clock of the bubble
			return err
		})
		answers := bufio.NewReader(client)
		for range 2 { // the second over the same connection
			ask(t, client, "POST /thing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n")
			if first, err := http.ReadResponse(answers, nil); err != nil || first.StatusCode != http.StatusContinue {
				t.Fatalf("%+v, %v", first, err)
			}
			for range 4 {
				time.Sleep(takingGrace) // the clock of the bubble
				ask(t, client, "12345")
			}
			response, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil || response.StatusCode != http.StatusAccepted || len(body) != 60_003 {
				t.Errorf("got %d with %d bytes, %v", response.StatusCode, len(body), err)
			}
			time.Sleep(idleTimeout / 2) // the clock of the bubble
		}
	})
}

// A problem is an answer as well, and so is what net/http flushes after the handler.
func TestASmallAnswerThatNobodyReadsFreesItsConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, ends := connect(t, func(*gin.Context) error { return errors.New("broken") })
		ask(t, client, get)
		<-ends
		time.Sleep(takingGrace + time.Second) // the clock of the bubble
		if n, err := client.Read(make([]byte, 100)); !errors.Is(err, io.EOF) {
			t.Errorf("the connection is still there: %d bytes, %v", n, err)
		}
	})
}
