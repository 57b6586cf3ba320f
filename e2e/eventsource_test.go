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

// heard is what a client of server-sent events tells: that it has connected, an event, or that it was sent away and stays away.
type heard struct {
	Open   bool   `json:"open"`
	Closed int    `json:"closed"` // the status that sent it away
	ID     string `json:"id"`
	Event  string `json:"event"`
	Data   string `json:"data"`
}

// listener connects a client to the address. The function that it returns waits for what it tells next; the client comes back by itself
// when its connection breaks.
type listener func(t *testing.T, address string) (next func() heard)

var listeners = map[string]listener{"npm_eventsource": listenWithEventSource, "go-sse": listenWithGoSSE}

func listenWithEventSource(t *testing.T, address string) func() heard {
	t.Helper()
	script := thirdparty.Start(t, "events.mjs", map[string]string{"url": address})
	return func() heard {
		t.Helper()
		var h heard
		script.ReadOne(t, &h)
		return h
	}
}

func listenWithGoSSE(t *testing.T, address string) func() heard {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventsTimeout)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan heard)
	tell := func(h heard) {
		select {
		case told <- h:
		case <-ctx.Done():
		}
	}
	var last int
	listening := &sse.Client{ResponseValidator: func(resp *http.Response) error {
		last = resp.StatusCode
		err := sse.DefaultValidator(resp)
		if err == nil {
			tell(heard{Open: true})
		}
		return err
	}}
	connection := listening.NewConnection(req)
	connection.SubscribeToAll(func(e sse.Event) { tell(heard{ID: e.LastEventID, Event: e.Type, Data: e.Data}) })
	go func() {
		_ = connection.Connect()
		tell(heard{Closed: last})
	}()
	return func() heard {
		t.Helper()
		select {
		case h := <-told:
			return h
		case <-ctx.Done():
			t.Fatalf("waited %s in vain for an event", eventsTimeout)
			return heard{}
		}
	}
}

const (
	// eventsTimeout bounds how long a client listens.
	eventsTimeout = time.Minute
	// listenedTo is how many records an import has that clients listen to.
	listenedTo = 20_000
)

// TestEventStreamReconnects listens to an import, while the api is killed, the import goes on without it, and the api comes back: the
// clients hear of every revision once and in order, and stay away after the last.
func TestEventStreamReconnects(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=50", "LONGSHORE_IMPORTER_CONCURRENCY=1"}})
	for name, listen := range listeners {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			release := s.BlockWrites("xforce.tools")
			op := s.SubmitLines(tool.NDJSON(listenedTo, tool.Numbered))
			next := listen(t, op.OperationLocation+"/events")
			events := appendEvent(t, nil, next()) // it listens, however long its start took
			release()
			for len(events) < 3 {
				events = appendEvent(t, events, next())
			}
			loseAPI(s, op)
			opened := 0
			for {
				h := next()
				if h.Closed != 0 {
					expectClosed(t, h, opened)
					break
				}
				if h.Open {
					opened++
				}
				events = appendEvent(t, events, h)
			}
			expectEvents(t, s, op, events)
		})
	}
}

// loseAPI kills the api in the middle of the import, sees that the import goes on, and starts it again in time for the rest.
func loseAPI(s *stack.Stack, op client.Accepted) {
	hold := s.BlockWrites("xforce.tools")
	s.MustBeUnfinished(op)
	s.KillAPI()
	before := s.Number(`SELECT done_chunks FROM xforce.tasks WHERE task_id = $1`, op.ID)
	hold()
	s.WaitForChunks(op, before+5)
	hold = s.BlockWrites("xforce.tools")
	s.MustBeUnfinished(op)
	s.StartAPI()
	hold()
}

// appendEvent adds an event, whose revision must be above that of the event before.
func appendEvent(t *testing.T, events []heard, h heard) []heard {
	t.Helper()
	if h.Event == "" {
		return events
	}
	if len(events) > 0 && h.revision(t) <= events[len(events)-1].revision(t) {
		t.Fatalf("revision %s was told after %s", h.ID, events[len(events)-1].ID)
	}
	return append(events, h)
}

func (h heard) revision(t *testing.T) int {
	t.Helper()
	id, err := strconv.Atoi(h.ID)
	if err != nil {
		t.Fatalf("the event %+v has no revision", h)
	}
	return id
}

// expectClosed: a client that comes back after the last event is sent away by 204, which tells it to stay away.
func expectClosed(t *testing.T, h heard, opened int) {
	t.Helper()
	if h.Closed != http.StatusNoContent {
		t.Errorf("the client was sent away with status %d", h.Closed)
	}
	if opened == 0 {
		t.Error("the client did not come back after the restart")
	}
}

// expectEvents holds what a client heard against what the table of events says.
func expectEvents(t *testing.T, s *stack.Stack, op client.Accepted, events []heard) {
	t.Helper()
	var ids []int
	for _, e := range events {
		ids = append(ids, e.revision(t))
	}
	rows, err := s.DB().Query(t.Context(), `SELECT revision FROM xforce.task_events WHERE task_id = $1 ORDER BY revision`, op.ID)
	if err != nil {
		t.Fatal(err)
	}
	want, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids, want) {
		t.Errorf("the client heard of the revisions\n%v, and there are\n%v", ids, want)
	}
	for i, e := range events {
		name := "progress"
		if i == len(events)-1 {
			name = "finished"
		}
		if e.Event != name {
			t.Errorf("event %d of %d is called %s: %s", i+1, len(events), e.Event, e.Data)
		}
	}
	var last client.Monitor
	if err := json.Unmarshal([]byte(events[len(events)-1].Data), &last); err != nil {
		t.Fatalf("reading the last event: %v", err)
	}
	if last.ID != op.ID || last.Status != "Succeeded" || last.PercentComplete != 100 || last.Counts.Total != listenedTo || last.Counts.Imported != listenedTo {
		t.Errorf("the last event is %+v", last)
	}
}
