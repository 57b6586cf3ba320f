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

// maxNotifyDelay is how soon who waits is told of an end, also if the bell is mute: then he looks once in a second.
const maxNotifyDelay = 3 * time.Second

// longPoll asks for the monitor beside the test, as a client that would rather wait.
func longPoll(t *testing.T, s *stack.Stack, op client.Accepted, header http.Header) <-chan *client.Response {
	t.Helper()
	responses := make(chan *client.Response, 1)
	header.Set("Prefer", "wait=45")
	go func() {
		resp, err := s.Client().Do(t.Context(), http.MethodGet, op.OperationLocation, client.RequestBody{Header: header})
		if err != nil {
			t.Errorf("waiting for the end: %v", err)
		}
		responses <- resp
	}()
	return responses
}

// TestLongPoll waits for the end of an import that stands in its middle: the resp comes soon after the end, also without Redis.
func TestLongPoll(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	for _, test := range []struct {
		name       string
		away, back func(*stack.Stack)
	}{
		{"with_redis", func(*stack.Stack) {}, func(*stack.Stack) {}},
		{"without_redis", (*stack.Stack).StopRedis, (*stack.Stack).StartRedis},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := s.WithTB(t)
			release := s.BlockWrites("xforce.tools")
			op := s.SubmitJSON(tool.SampleJSON)
			s.WaitForSQL(recoveryLimit, "a step to be in its middle", `SELECT count(*) > 0 `+blockedSteps)
			test.away(s)
			end := longPoll(t, s, op, http.Header{})
			release()
			resp := <-end
			told := time.Now()
			test.back(s)
			if resp == nil {
				return
			}
			m, err := resp.Monitor()
			if err != nil {
				t.Fatal(err)
			}
			if m.Status != "Succeeded" || resp.Header.Get("Preference-Applied") != "wait=45" {
				t.Errorf("the resp is %s, %v", resp.Body, resp.Header)
			}
			if late := told.Sub(*m.Finished); late > maxNotifyDelay {
				t.Errorf("the end was told %s late", late)
			}
		})
	}
}

// TestLongPollFromChangeToChange goes from change to change by the ETag of the last.
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
			t.Fatalf("%s came again after %v", tag, tags)
		}
		status, tags = m.Status, append(tags, tag)
		next = longPoll(t, s, op, http.Header{"If-None-Match": {tag}})
	}
	if len(tags) < 4 {
		t.Errorf("only %v were seen", tags)
	}
	if resp = <-next; resp.Status != http.StatusNotModified || resp.Elapsed > maxNotifyDelay || resp.Header.Get("Retry-After") != "" {
		t.Errorf("what can't change is answered with %d after %s: %v", resp.Status, resp.Elapsed, resp.Header)
	}
}

// stream is a stream of events that is being read.
type stream struct {
	status int
	ids    []int
	names  []string
	last   client.Monitor
	err    error
}

// tell reads a stream to its end, calling heard for each event, and returns what it heard.
func readStream(ctx context.Context, op client.Accepted, after int, heard func(stream)) (told stream) {
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
	told.status = resp.StatusCode
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			id, err := strconv.Atoi(value)
			told.ids, told.err = append(told.ids, id), err
		case "event":
			told.names = append(told.names, value)
		case "data":
			told.err = json.Unmarshal([]byte(value), &told.last)
			heard(told)
		}
	}
	if told.err == nil {
		told.err = lines.Err()
	}
	return told
}

// TestEventsResumeAfterRestart listens with a plain reader through a restart of the api: what one connection heard and what the next one
// heard are the whole life, once and in order. Asked to stop, the api lets go of its listeners at once; TestEventStreamReconnects kills it.
func TestEventsResumeAfterRestart(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=50"}})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitLines(tool.NDJSON(2_000, tool.Numbered))
	begun, first := make(chan struct{}, 1_000), make(chan stream, 1)
	go func() { first <- readStream(t.Context(), op, 0, func(stream) { begun <- struct{}{} }) }()
	<-begun
	if took := s.StopAPI(); took > maxNotifyDelay {
		t.Errorf("with a listener the api took %s to stop", took)
	}
	before := <-first
	if before.err != nil || before.status != http.StatusOK || len(before.ids) == 0 {
		t.Fatalf("before the restart: %+v", before)
	}
	release()
	s.StartAPI()
	ctx, cancel := context.WithTimeout(t.Context(), eventsTimeout)
	defer cancel()
	after := readStream(ctx, op, before.ids[len(before.ids)-1], func(stream) {})
	ids, names := slices.Concat(before.ids, after.ids), slices.Concat(before.names, after.names)
	for i, id := range ids {
		if id != i+1 {
			t.Fatalf("revisions %v", ids)
		}
	}
	end := slices.Index(names, "finished")
	if after.err != nil || end != len(names)-1 || after.last.Status != "Succeeded" || after.last.Counts.Imported != 2_000 {
		t.Errorf("after the restart: %+v", after)
	}
	if last := s.Number(`SELECT revision FROM xforce.tasks WHERE task_id = $1`, op.ID); last != len(ids) {
		t.Errorf("%d events of %d revisions", len(ids), last)
	}
	if again := readStream(ctx, op, len(ids), func(stream) {}); again.status != http.StatusNoContent {
		t.Errorf("who comes back after the end is answered with %d", again.status)
	}
}

// TestCancelAndPrune cancels twice, cancels what is finished, and forgets.
func TestCancelAndPrune(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.SampleJSON)
	first, again := mustCancel(t, s, op), mustCancel(t, s, op)
	if again.Finished == nil || !again.Finished.Equal(*first.Finished) || again.Error == nil || again.Error.Code != "Canceled" {
		t.Errorf("cancelled again it is %+v", again)
	}
	release()

	done := s.SubmitJSON(tool.SampleJSON)
	s.WaitFor(done, "Succeeded")
	resp, err := s.Client().Cancel(t.Context(), done.OperationLocation)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := resp.Problem(); err != nil || resp.Status != http.StatusConflict || p.Code() != "operation-finished" {
		t.Errorf("cancelling what succeeded is answered with %d %s, %v", resp.Status, resp.Body, err)
	}
	for _, one := range []client.Accepted{op, done} {
		mustPrune(t, s, one)
		if resp, err = s.Client().Get(t.Context(), one.OperationLocation); err != nil || resp.Status != http.StatusGone {
			t.Errorf("what was pruned is answered with %+v, %v", resp, err)
		}
	}
}

// pageOfList reads a page of the list in the operations dialect.
func pageOfList(t *testing.T, s *stack.Stack, address string) (ids []string, next string) {
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
		t.Fatalf("%s: %d %s", address, resp.Status, resp.Body)
	}
	for _, m := range page.Value {
		ids = append(ids, m.ID)
	}
	if page.NextLink != "" && !strings.HasPrefix(page.NextLink, s.Client().Base()+"/operations?") {
		t.Errorf("the nextLink %s is not absolute", page.NextLink)
	}
	return ids, page.NextLink
}

// TestListPagesDuringInserts reads a list page by page while operations come and go: those that were there at its beginning and stay are on
// it once and in their order.
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
	var latest client.Accepted
	for range 12 {
		op := submit("a & b")
		want = append(want, op.ID)
		latest = submit("other")
	}
	s.WaitFor(latest, "Succeeded")
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
		ids, address = pageOfList(t, s, address)
		got = append(got, ids...)
	}
	stop()
	for range arrived { // none may be left behind when the stack goes
		continue
	}
	begin := max(slices.Index(got, want[0]), 0) // before it stands what came in time for the first page
	if !slices.Equal(got[begin:], want) {
		t.Errorf("the list is\n%v, and was\n%v", got[begin:], want)
	}
}
