package server

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
)

// streamLines returns a handler that writes and flushes one line after each pause.
func streamLines(lines int, pause time.Duration) func(*gin.Context) error {
	return func(c *gin.Context) error {
		for range lines {
			if _, err := c.Writer.WriteString("line\n"); err != nil {
				return err
			}
			if err := http.NewResponseController(c.Writer).Flush(); err != nil {
				return err
			}
			time.Sleep(pause) // the clock of the bubble
		}
		return nil
	}
}

// Pauses between writes do not count against the minimum transfer rate.
func TestTimedWriterStreamsLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lines, pause = 5, 3 * writeGrace
		client, results := connect(t, streamLines(lines, pause))
		send(t, client, getRequest)
		response, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		started, body := time.Now(), bufio.NewReader(response.Body)
		for n := range lines {
			line, err := body.ReadString('\n')
			if err != nil || line != "line\n" {
				t.Fatalf("ReadString() = %q, %v, want %q", line, err, "line\n")
			}
			if got, want := time.Since(started), time.Duration(n)*pause; got != want {
				t.Fatalf("line %d arrived after %s, want %s", n, got, want)
			}
		}
		if _, err := body.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("ReadByte() after the last line = %v, want EOF", err)
		}
		if got := <-results; got.err != nil {
			t.Errorf("handler returned %v, want nil", got.err)
		}
	})
}

func TestTimedWriterEndsUnreadStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, results := connect(t, streamLines(5, time.Second))
		send(t, client, getRequest)
		(<-results).check(t, errClientNotReading, writeGrace)
	})
}
