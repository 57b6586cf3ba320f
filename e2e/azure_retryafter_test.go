package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// blockedFor is how long TestAzurePollersRetryAfter blocks an import.
	blockedFor = 5 * time.Second
	// timerTolerance is how much too early a client's timer may fire.
	timerTolerance = 10 * time.Millisecond
)

// TestAzurePollersRetryAfter checks every poll of an import that takes some seconds: each comes no
// earlier than the response before it demanded, and they are few.
func TestAzurePollersRetryAfter(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	for name, poller := range azurePollers {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			proxy := thirdparty.NewProxy(t, s.Client().Base())
			release := s.BlockWrites("xforce.tools")
			wait := poller.start(t, importRequest{url: importURL(proxy.URL(), "tools"), body: tool.SampleJSON})
			await.Until(t, recoveryLimit, "the poller to poll", func() bool { return len(proxy.Visits()) > 0 })
			if err := await.Sleep(t.Context(), blockedFor); err != nil {
				t.Fatal(err)
			}
			release()
			if got := wait(); got.Failed {
				t.Fatalf("got the error %+v, want success", got)
			}
			visits := proxy.Visits()
			expectRetryAfterKept(t, poller, visits)
			expectFewPolls(t, visits)
		})
	}
}

// expectFewPolls checks the number of polls and the waits that the api demanded. The waits grow
// with the duration of the import, so a dozen polls are more than enough.
func expectFewPolls(t *testing.T, visits []thirdparty.Visit) {
	t.Helper()
	if len(visits) < 3 || len(visits) > 12 {
		t.Fatalf("got %d polls of an import that took %s, want 3 to 12: %+v", len(visits), blockedFor, visits)
	}
	for i, v := range visits[:len(visits)-2] { // the last two responses are the final state and the result
		if v.Wait < time.Second || v.Precise > v.Wait {
			t.Errorf("poll %d: got Retry-After %s and retry-after-ms %s, want at least 1s and no more than Retry-After", i+1, v.Wait, v.Precise)
		}
	}
}

// TestAzurePollersThrottled rejects polls as an overloaded gateway does. The pollers retry after
// the demanded time.
func TestAzurePollersThrottled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	for name, poller := range azurePollers {
		t.Run(name, func(t *testing.T) {
			proxy := thirdparty.NewProxy(t, s.Client().Base())
			proxy.Refuse(thirdparty.Refusal{Status: http.StatusTooManyRequests, RetryAfter: "1"},
				thirdparty.Refusal{Status: http.StatusServiceUnavailable, RetryAfter: "2"})
			got := poller.start(t, importRequest{url: importURL(proxy.URL(), "tools"), body: tool.SampleJSON})()
			if got.Failed || got.Result.Status != "COMPLETED" {
				t.Fatalf("got %+v, want COMPLETED", got)
			}
			visits := proxy.Visits()
			if len(visits) < 3 || visits[0].Status != http.StatusTooManyRequests || visits[1].Status != http.StatusServiceUnavailable {
				t.Fatalf("got the requests %+v, want a 429, a 503 and more", visits)
			}
			expectRetryAfterKept(t, poller, visits)
		})
	}
}

// expectRetryAfterKept checks that each request came no earlier than the response before it
// demanded. Go's client reads retry-after-ms, JavaScript's poller whole seconds only.
func expectRetryAfterKept(t *testing.T, poller azurePoller, visits []thirdparty.Visit) {
	t.Helper()
	for i, v := range visits[:len(visits)-1] {
		want := v.Wait
		if poller == (azcorePoller{}) {
			want = v.Precise
		}
		if got := visits[i+1].ReceivedAt.Sub(v.AnsweredAt); got < want-timerTolerance {
			t.Errorf("request %d: got it %s after the response before it, want at least %s", i+2, got, want)
		}
	}
}
