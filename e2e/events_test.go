package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// stream is what one connection to an event stream has received so far.
type stream struct {
	status int
	ids    []int
	names  []string
	last   client.Monitor
	err    error
}

// readStream reads an event stream to its end and calls onEvent after each event.
func readStream(ctx context.Context, op client.Accepted, after int, onEvent func(stream)) (s stream) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, op.OperationLocation+"/events", http.NoBody)
	if err != nil {
		return stream{err: err}
	}
	req.Header.Set("Last-Event-ID", strconv.Itoa(after))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return stream{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	s.status = resp.StatusCode
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			id, err := strconv.Atoi(value)
			s.ids, s.err = append(s.ids, id), err
		case "event":
			s.names = append(s.names, value)
		case "data":
			s.err = json.Unmarshal([]byte(value), &s.last)
			onEvent(s)
		}
	}
	if s.err == nil {
		s.err = lines.Err()
	}
	return s
}

// TestEventsResumeAfterRestart reads events while the api restarts. The events of both connections
// together are all revisions, once and in order. On SIGTERM the api closes its streams immediately;
// TestEventStreamReconnects kills the api instead.
func TestEventsResumeAfterRestart(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=50"}})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitLines(tool.NDJSON(2_000, tool.Numbered))
	firstEvent, first := make(chan struct{}, 1_000), make(chan stream, 1)
	go func() { first <- readStream(t.Context(), op, 0, func(stream) { firstEvent <- struct{}{} }) }()
	<-firstEvent
	if elapsed := s.StopAPI(); elapsed > maxNotifyDelay {
		t.Errorf("api with an open stream stopped after %s, want at most %s", elapsed, maxNotifyDelay)
	}
	before := <-first
	if before.err != nil || before.status != http.StatusOK || len(before.ids) == 0 {
		t.Fatalf("before the restart: got %+v, want status 200 and events", before)
	}
	release()
	s.StartAPI()
	ctx, cancel := context.WithTimeout(t.Context(), eventsTimeout)
	defer cancel()
	after := readStream(ctx, op, before.ids[len(before.ids)-1], func(stream) {})
	ids, names := slices.Concat(before.ids, after.ids), slices.Concat(before.names, after.names)
	for i, id := range ids {
		if id != i+1 {
			t.Fatalf("revisions are %v, want 1, 2, 3, …", ids)
		}
	}
	end := slices.Index(names, "finished")
	if after.err != nil || end != len(names)-1 || after.last.Status != "Succeeded" || after.last.Counts.Imported != 2_000 {
		t.Errorf("after the restart: got %+v, want it to end with Succeeded and 2000 records", after)
	}
	if last := s.Number(`SELECT revision FROM xforce.tasks WHERE task_id = $1`, op.ID); last != len(ids) {
		t.Errorf("got %d events, want %d", len(ids), last)
	}
	if again := readStream(ctx, op, len(ids), func(stream) {}); again.status != http.StatusNoContent {
		t.Errorf("stream after the last event: status %d, want 204", again.status)
	}
}
