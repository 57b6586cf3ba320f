package azure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/dialect"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

const (
	// heartbeat is the interval of comments in a stream without events. It is below the shortest
	// idle timeout of common proxies.
	heartbeat = 15 * time.Second
	// reconnectAfter is how long clients wait before they reconnect, in milliseconds.
	reconnectAfter = 1000
)

// The names of events.
const (
	eventProgress = "progress"
	eventFinished = "finished"
)

// event is the data of an event.
type event struct {
	ID              string          `json:"id"`
	Status          string          `json:"status"`
	PercentComplete int             `json:"percentComplete"`
	Counts          *dialect.Counts `json:"counts,omitempty"`
	Phase           string          `json:"phase,omitempty"`
	At              time.Time       `json:"at"`
}

// events streams the changes of an operation as server-sent events (WHATWG HTML, section 9.2).
// Event ids are the operation's revisions, so that a client that reconnects continues where it
// stopped. A client whose id is above the newest revision gets all events again: its events were lost
// with a standby that was promoted before it had received them. The stream ends after the final event; a client that reconnects then gets 204, which
// means stop.
func (d *Dialect) events(c *gin.Context) error {
	after, err := lastEventID(c)
	if err != nil {
		return err
	}
	op, err := dialect.Find(c, d.Monitor, c.Param("id"))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	if op.State.Terminal() && after == op.Revision {
		edge.NoContent(c)
		return nil
	}
	c.Header("Content-Type", "text/event-stream")
	c.Header("X-Accel-Buffering", "no")
	if c.Request.Method == http.MethodHead {
		return nil
	}
	if err := admission.Of(c.Request.Context()).Wait(c.Request.Context()); err != nil {
		return err
	}
	if err := flush(c, fmt.Appendf(nil, "retry: %d\n\n", reconnectAfter)); err != nil {
		return err
	}
	err = d.Monitor.Follow(c.Request.Context(), op.ID, after, heartbeat, func(events []operation.Event) error {
		text, err := encodeEvents(op, events)
		if err != nil {
			return err
		}
		return flush(c, text)
	})
	if errors.Is(err, context.Canceled) { // the client closed the stream
		err = nil
	}
	return err
}

// flush writes text to the connection without buffering.
func flush(c *gin.Context, text []byte) error {
	if _, err := c.Writer.Write(text); err != nil {
		return fmt.Errorf("writing an event: %w", err)
	}
	err := http.NewResponseController(c.Writer).Flush()
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("flushing an event: %w", err)
	}
	return nil
}

// encodeEvents encodes events; without events it returns a comment that keeps the connection open.
func encodeEvents(op *operation.Operation, events []operation.Event) ([]byte, error) {
	if len(events) == 0 {
		return []byte(": still here\n\n"), nil
	}
	var text bytes.Buffer
	for _, e := range events {
		data, err := json.Marshal(event{
			ID: op.ShownID().String(), Status: Word(e.State), PercentComplete: e.Progress,
			Counts: dialect.CountsOf(op.Kind, e.Counts), Phase: e.Phase, At: e.At,
		})
		if err != nil {
			return nil, fmt.Errorf("encoding an event: %w", err)
		}
		name := eventProgress
		if e.State.Terminal() {
			name = eventFinished
		}
		fmt.Fprintf(&text, "id: %d\nevent: %s\ndata: %s\n\n", e.Revision, name, data)
	}
	return text.Bytes(), nil
}

// lastEventID returns the id of the last event that the client received: the Last-Event-ID header
// of a client that reconnects, or else the query parameter, for clients that can't set headers.
func lastEventID(c *gin.Context) (int, error) {
	text := c.GetHeader("Last-Event-ID")
	if text == "" {
		text = c.Query("lastEventId")
	}
	if text == "" {
		return 0, nil
	}
	id, err := strconv.Atoi(text)
	if err != nil || id < 0 {
		return 0, badEventID()
	}
	return id, nil
}

func badEventID() error {
	return fault.New(fault.Malformed, "invalid-event-id",
		"Last-Event-ID is not the id of an event. Omit it to get all events from the beginning.")
}
