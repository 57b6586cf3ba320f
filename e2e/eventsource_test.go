package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/tmaxmax/go-sse"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

// sseMessage is what a client of server-sent events reports: a connection, an event, or the end.
type sseMessage struct {
	Open   bool   `json:"open"`   // the client has connected
	Closed int    `json:"closed"` // the status after which the client does not reconnect
	ID     string `json:"id"`
	Event  string `json:"event"`
	Data   string `json:"data"`
}

// sseClient connects a client to a URL. The client reconnects by itself when its connection breaks.
// The returned function waits for the next message.
type sseClient func(t *testing.T, url string) (next func() sseMessage)

var sseClients = map[string]sseClient{"npm_eventsource": connectEventSource, "go-sse": connectGoSSE}

func connectEventSource(t *testing.T, url string) func() sseMessage {
	t.Helper()
	script := thirdparty.Start(t, "events.mjs", map[string]string{"url": url})
	return func() sseMessage {
		t.Helper()
		var m sseMessage
		script.ReadOne(t, &m)
		return m
	}
}

func connectGoSSE(t *testing.T, url string) func() sseMessage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventsTimeout)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	messages := make(chan sseMessage)
	send := func(m sseMessage) {
		select {
		case messages <- m:
		case <-ctx.Done():
		}
	}
	var lastStatus int
	sseClient := &sse.Client{ResponseValidator: func(resp *http.Response) error {
		lastStatus = resp.StatusCode
		err := sse.DefaultValidator(resp)
		if err == nil {
			send(sseMessage{Open: true})
		}
		return err
	}}
	connection := sseClient.NewConnection(req)
	connection.SubscribeToAll(func(e sse.Event) { send(sseMessage{ID: e.LastEventID, Event: e.Type, Data: e.Data}) })
	go func() {
		_ = connection.Connect()
		send(sseMessage{Closed: lastStatus})
	}()
	return func() sseMessage {
		t.Helper()
		select {
		case m := <-messages:
			return m
		case <-ctx.Done():
			t.Fatalf("got no event within %s", eventsTimeout)
			return sseMessage{}
		}
	}
}

const (
	// eventsTimeout is the maximum time of a client's subscription.
	eventsTimeout = time.Minute
	// streamedRecords is the number of records of an import whose events are read.
	streamedRecords = 20_000
)

// TestEventStreamReconnects reads the events of an import while the api is killed, the import
// continues, and the api is started again. The clients receive every revision once and in order,
// and do not reconnect after the last one.
func TestEventStreamReconnects(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=50", "LONGSHORE_IMPORTER_CONCURRENCY=1"}})
	for name, connect := range sseClients {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			release := s.BlockWrites("xforce.tools")
			op := s.SubmitLines(tool.NDJSON(streamedRecords, tool.Numbered))
			next := connect(t, op.OperationLocation+"/events")
			events := appendEvent(t, nil, next()) // wait until the client is connected
			release()
			for len(events) < 3 {
				events = appendEvent(t, events, next())
			}
			killAPIMeanwhile(s, op)
			opened := 0
			for {
				m := next()
				if m.Closed != 0 {
					expectClosed(t, m, opened)
					break
				}
				if m.Open {
					opened++
				}
				events = appendEvent(t, events, m)
			}
			expectEvents(t, s, op, events)
		})
	}
}

// killAPIMeanwhile kills the api during the import, waits until more chunks are done, and starts
// the api again before the import is finished.
func killAPIMeanwhile(s *stack.Stack, op client.Accepted) {
	release := s.BlockWrites("xforce.tools")
	s.MustBeUnfinished(op)
	s.KillAPI()
	before := s.Number(`SELECT done_chunks FROM xforce.tasks WHERE task_id = $1`, op.ID)
	release()
	s.WaitForChunks(op, before+5)
	release = s.BlockWrites("xforce.tools")
	s.MustBeUnfinished(op)
	s.StartAPI()
	release()
}

// appendEvent appends a message that is an event. Its revision must be above that of the event
// before.
func appendEvent(t *testing.T, events []sseMessage, m sseMessage) []sseMessage {
	t.Helper()
	if m.Event == "" {
		return events
	}
	if len(events) > 0 && m.revision(t) <= events[len(events)-1].revision(t) {
		t.Fatalf("got revision %s after %s, want ascending revisions", m.ID, events[len(events)-1].ID)
	}
	return append(events, m)
}

func (m sseMessage) revision(t *testing.T) int {
	t.Helper()
	id, err := strconv.Atoi(m.ID)
	if err != nil {
		t.Fatalf("got the event %+v, want one with a revision", m)
	}
	return id
}

// expectClosed checks that the client has reconnected after the restart, and that its last request
// was answered 204, which means that it must not reconnect.
func expectClosed(t *testing.T, m sseMessage, opened int) {
	t.Helper()
	if m.Closed != http.StatusNoContent {
		t.Errorf("got the last status %d, want 204", m.Closed)
	}
	if opened == 0 {
		t.Error("got no connection after the restart, want one")
	}
}

// expectEvents compares the events that a client received with the table of events.
func expectEvents(t *testing.T, s *stack.Stack, op client.Accepted, events []sseMessage) {
	t.Helper()
	var got []int
	for _, e := range events {
		got = append(got, e.revision(t))
	}
	rows, err := s.DB().Query(t.Context(), `SELECT revision FROM xforce.task_events WHERE task_id = $1 ORDER BY revision`, op.ID)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got the revisions\n%v, want\n%v", got, want)
	}
	for i, e := range events {
		name := "progress"
		if i == len(events)-1 {
			name = "finished"
		}
		if e.Event != name {
			t.Errorf("event %d of %d: got the name %s, want %s: %s", i+1, len(events), e.Event, name, e.Data)
		}
	}
	var last client.Monitor
	if err := json.Unmarshal([]byte(events[len(events)-1].Data), &last); err != nil {
		t.Fatalf("decoding the last event: %v", err)
	}
	if last.ID != op.ID || last.Status != "Succeeded" || last.PercentComplete != 100 ||
		last.Counts.Total != streamedRecords || last.Counts.Imported != streamedRecords {
		t.Errorf("got the last event %+v, want Succeeded with %d imported records", last, streamedRecords)
	}
}
