package e2e_test

import (
	"net/http"
	"slices"
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
