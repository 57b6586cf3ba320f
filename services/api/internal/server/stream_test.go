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

// streaming hands on one line each pause.
func streaming(lines int, pause time.Duration) func(*gin.Context) error {
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

// A stream may be silent for as long as it likes: only a client that does not take what is there is cut off.
func TestAStreamArrivesLineByLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const lines, pause = 5, 3 * takingGrace
		client, ends := connect(t, streaming(lines, pause))
		ask(t, client, get)
		response, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		began, body := time.Now(), bufio.NewReader(response.Body)
		for n := range lines {
			if line, err := body.ReadString('\n'); err != nil || line != "line\n" || time.Since(began) != time.Duration(n)*pause {
				t.Fatalf("line %d after %s: %q, %v", n, time.Since(began), line, err)
			}
		}
		if _, err := body.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("after the last line: %v", err)
		}
		if end := <-ends; end.err != nil {
			t.Errorf("the stream ended with %v", end.err)
		}
	})
}

func TestAStreamThatNobodyTakesIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, ends := connect(t, streaming(5, time.Second))
		ask(t, client, get)
		if end := <-ends; !errors.Is(end.err, errNotTaken) || end.after != takingGrace {
			t.Errorf("the stream ended after %s with %v", end.after, end.err)
		}
	})
}
