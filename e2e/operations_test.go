package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// maxNotifyDelay bounds the delay between an operation's end and the response to a long poll, also
// without notifications: then the api polls once a second.
const maxNotifyDelay = 3 * time.Second

// longPoll requests the monitor with Prefer: wait=45 in the background and sends the response on
// the channel.
func longPoll(t *testing.T, s *stack.Stack, op client.Accepted, header http.Header) <-chan *client.Response {
	t.Helper()
	responses := make(chan *client.Response, 1)
	header.Set("Prefer", "wait=45")
	go func() {
		resp, err := s.Client().Do(t.Context(), http.MethodGet, op.OperationLocation, client.RequestBody{Header: header})
		if err != nil {
			t.Errorf("GET %s: %v", op.OperationLocation, err)
		}
		responses <- resp
	}()
	return responses
}

// TestLongPoll long-polls an import whose step is blocked. The response arrives soon after the
// import ends, also without Redis.
func TestLongPoll(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	for _, test := range []struct {
		name        string
		stop, start func(*stack.Stack)
	}{
		{"with_redis", func(*stack.Stack) {}, func(*stack.Stack) {}},
		{"without_redis", (*stack.Stack).StopRedis, (*stack.Stack).StartRedis},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := s.WithTB(t)
			release := s.BlockWrites("xforce.tools")
			op := s.SubmitJSON(tool.SampleJSON)
			s.WaitForSQL(recoveryLimit, "a step to be blocked", `SELECT count(*) > 0 `+blockedSteps)
			test.stop(s)
			end := longPoll(t, s, op, http.Header{})
			release()
			resp := <-end
			received := time.Now()
			test.start(s)
			if resp == nil {
				return
			}
			m, err := resp.Monitor()
			if err != nil {
				t.Fatal(err)
			}
			if m.Status != "Succeeded" || resp.Header.Get("Preference-Applied") != "wait=45" {
				t.Errorf("status %q, Preference-Applied %q, want Succeeded, wait=45", m.Status, resp.Header.Get("Preference-Applied"))
			}
			if late := received.Sub(*m.Finished); late > maxNotifyDelay {
				t.Errorf("response came %s after the end, want at most %s", late, maxNotifyDelay)
			}
		})
	}
}

// TestLongPollFromChangeToChange long-polls with If-None-Match and the ETag of the last response,
// until the import has ended. Then the api answers 304 without waiting.
func TestLongPollFromChangeToChange(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=50"}})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitLines(tool.NDJSON(2_000, tool.Numbered))
	resp, err := s.Client().Get(t.Context(), op.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	tags := []string{resp.Header.Get("ETag")}
	next := longPoll(t, s, op, http.Header{"If-None-Match": tags})
	release()
	for status := ""; status != "Succeeded"; {
		if resp = <-next; resp == nil {
			return
		}
		m, err := resp.Monitor()
		if err != nil {
			t.Fatal(err)
		}
		tag := resp.Header.Get("ETag")
		if slices.Contains(tags, tag) {
			t.Fatalf("got ETag %s again, after %v", tag, tags)
		}
		status, tags = m.Status, append(tags, tag)
		next = longPoll(t, s, op, http.Header{"If-None-Match": {tag}})
	}
	if len(tags) < 4 {
		t.Errorf("got ETags %v, want at least 4", tags)
	}
	if resp = <-next; resp.Status != http.StatusNotModified || resp.Elapsed > maxNotifyDelay || resp.Header.Get("Retry-After") != "" {
		t.Errorf("finished operation: status %d after %s with Retry-After %q, want 304 immediately, without it", resp.Status, resp.Elapsed,
			resp.Header.Get("Retry-After"))
	}
}

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

// TestCancelAndPrune cancels an import twice, tries to cancel a finished one, and prunes both.
func TestCancelAndPrune(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	first, again := mustCancel(t, s, op), mustCancel(t, s, op)
	if again.Finished == nil || !again.Finished.Equal(*first.Finished) || again.Error == nil || again.Error.Code != "Canceled" {
		t.Errorf("second cancel: got %+v, want the first result %+v", again, first)
	}
	release()

	done := s.SubmitJSON(tool.SampleJSON)
	s.WaitFor(done, "Succeeded")
	resp, err := s.Client().Cancel(t.Context(), done.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := resp.Problem(); err != nil || resp.Status != http.StatusConflict || p.Code() != "operation-finished" {
		t.Errorf("cancel of a succeeded import: got %d %s (%v), want 409 operation-finished", resp.Status, resp.Body, err)
	}
	for _, one := range []client.Accepted{op, done} {
		mustPrune(t, s, one)
		if resp, err = s.Client().Get(t.Context(), one.OperationLocation); err != nil || resp.Status != http.StatusGone {
			t.Errorf("GET of a pruned operation: got %+v (%v), want 410", resp, err)
		}
	}
}

// readListPage reads one page of the list of operations and returns its ids and the next link.
func readListPage(t *testing.T, s *stack.Stack, address string) (ids []string, next string) {
	t.Helper()
	resp, err := s.Client().Get(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Value    []client.Monitor
		NextLink string
	}
	if err := json.Unmarshal(resp.Body, &page); err != nil || resp.Status != http.StatusOK {
		t.Fatalf("GET %s: status %d, want 200: %s", address, resp.Status, resp.Body)
	}
	for _, m := range page.Value {
		ids = append(ids, m.ID)
	}
	if page.NextLink != "" && !strings.HasPrefix(page.NextLink, s.Client().Base()+"/operations?") {
		t.Errorf("nextLink is %s, want an absolute URL of /operations", page.NextLink)
	}
	return ids, page.NextLink
}

// TestListPagesDuringInserts reads a list page by page while operations are added. Those that
// existed before the first page are listed once and in order.
func TestListPagesDuringInserts(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	submit := func(team string) client.Accepted {
		op, err := s.Client().Import(t.Context(), "tools", client.RequestBody{
			Type: "application/json", Content: tool.SampleJSON, Header: http.Header{"Longshore-Labels": {"team=" + team}},
		})
		if err != nil {
			t.Error(err)
		}
		return op
	}
	var want []string
	var last client.Accepted
	for range 12 {
		op := submit("a & b")
		want = append(want, op.ID)
		last = submit("other")
	}
	s.WaitFor(last, "Succeeded")
	slices.Reverse(want)
	ctx, stop := context.WithCancel(t.Context())
	arrived := make(chan bool)
	go func() {
		defer close(arrived)
		for ctx.Err() == nil {
			submit("a & b")
			select {
			case arrived <- true:
			case <-ctx.Done():
			}
		}
	}()
	var got []string
	query := url.Values{"label": {"team=a & b"}, "maxpagesize": {"2"}}
	for address := "/operations?" + query.Encode(); address != ""; <-arrived {
		var ids []string
		ids, address = readListPage(t, s, address)
		got = append(got, ids...)
	}
	stop()
	for range arrived { // the goroutine must end before the stack does
		continue
	}
	first := max(slices.Index(got, want[0]), 0) // the first page may start with operations added before it
	if !slices.Equal(got[first:], want) {
		t.Errorf("listed ids are\n%v, want\n%v", got[first:], want)
	}
}
