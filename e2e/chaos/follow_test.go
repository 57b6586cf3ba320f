package chaos_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
)

// follow polls an operation until it is finished, in one of the ways of clients: plainly, with
// If-None-Match, or with long polls.
func (c *caller) follow(ctx context.Context, op started, way int) (client.Monitor, bool) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	revision, begun := 0, time.Now()
	for {
		header := make(http.Header)
		if way > 0 && revision > 0 {
			header.Set("If-None-Match", `W/"`+strconv.Itoa(revision)+`"`)
		}
		if way > 1 {
			header.Set("Prefer", "wait=5")
		}
		a := c.do(ctx, http.MethodGet, op.location, client.RequestBody{Header: header})
		if !a.retryable() && way < 2 {
			c.answered(begun)
		}
		switch {
		case a.Status == http.StatusOK:
			m, err := a.Monitor()
			if err != nil {
				c.violation("GET %s: %v", op.location, err)
				return m, false
			}
			next, err := strconv.Atoi(strings.Trim(strings.TrimPrefix(a.Header.Get("ETag"), "W/"), `"`))
			if err != nil || next < revision {
				c.violation("GET %s: ETag %q after revision %d", op.location, a.Header.Get("ETag"), revision)
			}
			revision = next
			c.noteRevision(op.ID, strconv.Itoa(revision), meaning(m))
			if m.Finished != nil {
				return m, true
			}
		case a.Status == http.StatusNotModified, a.retryable():
		default:
			c.violation("GET %s: %d %s", op.location, a.Status, a.Body)
			return client.Monitor{}, false
		}
		retried := a.retryable()
		if await.Sleep(ctx, min(a.pause, time.Second)) != nil {
			c.violation("operation %s was not finished within %s: last %d %s", op.ID, callLimit, a.Status, a.Body)
			return client.Monitor{}, false
		}
		if !retried {
			begun = time.Now()
		}
	}
}

// events reads the events of an operation to its end, and reconnects with Last-Event-ID as often as
// necessary. The numbers must be 1, 2, 3, … without a gap.
func (c *caller) events(ctx context.Context, op started) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	last, finished := 0, false
	for !finished && ctx.Err() == nil {
		last, finished = c.stream(ctx, op, last)
		if !finished && await.Sleep(ctx, time.Second/4) != nil {
			c.violation("the events of operation %s did not end within %s: last %d", op.ID, callLimit, last)
		}
	}
}

func (c *caller) stream(ctx context.Context, op started, last int) (next int, finished bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, op.location+"/events", http.NoBody)
	if err != nil {
		c.t.Error(err)
		return last, true
	}
	request.Header.Set("Last-Event-ID", strconv.Itoa(last))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return last, false
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= 300 && !(answer{Response: &client.Response{Status: response.StatusCode}}).retryable() && response.StatusCode != http.StatusBadGateway {
		c.violation("events of operation %s after %d: status %d", op.ID, last, response.StatusCode)
		return last, true
	}
	if response.StatusCode == http.StatusNoContent {
		c.violation("events of operation %s end after %d without the event finished", op.ID, last)
		return last, true
	}
	name := ""
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			id, err := strconv.Atoi(value)
			if err != nil || id != last+1 {
				c.violation("operation %s has event %q after %d", op.ID, value, last)
			}
			last = id
		case "event":
			name = value
		case "data":
			var m client.Monitor
			if err := json.Unmarshal([]byte(value), &m); err != nil {
				c.violation("event %d of operation %s: %v: %s", last, op.ID, err, value)
			}
			c.noteRevision(op.ID, strconv.Itoa(last), meaning(m))
			finished = finished || name == "finished"
		}
	}
	return last, finished
}
