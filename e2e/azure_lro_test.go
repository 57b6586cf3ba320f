package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

func importAddress(base, collection string) string { return base + "/api/" + collection + "/import" }

// TestAzurePollersSuccess lets the pollers find their way from the 202 to the result at the Location.
func TestAzurePollersSuccess(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{"LONGSHORE_CHUNK_RECORDS=50"}})
	body := tool.JSON(append(numberedTools(2_000), tool.Tool{ID: "broken"})...)
	for name, p := range pollers {
		t.Run(name, func(t *testing.T) {
			got := p.begin(t, order{address: importAddress(s.Client().Base(), "tools"), body: body})()
			if got.Failed || got.Result.Status != "COMPLETED" || got.Result.ImportedRecords == nil ||
				*got.Result.ImportedRecords != 2_000 || len(got.Result.Errors) != 1 {
				t.Errorf("the end is %+v", got)
			}
		})
	}
	t.Run("core-lro_result_in_the_monitor", func(t *testing.T) {
		wish := wishFor(order{address: importAddress(s.Client().Base(), "tools"), body: body})
		wish.FinalState = "operation-location"
		var answer lroAnswer[client.Monitor]
		thirdparty.Start(t, "lro.mjs", wish).ReadOne(t, &answer)
		want := client.Counts{Total: 2_001, Updated: 2_000, Imported: 2_000, Failed: 1}
		if answer.Status != "succeeded" || answer.Result.Result == nil || answer.Result.Result.Counts != want {
			t.Errorf("the answer is %+v with the result %+v, not %+v", answer, answer.Result.Result, want)
		}
	})
}

// TestAzurePollersFailure ends an import as a whole: its table is dropped while it waits.
func TestAzurePollersFailure(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{
		Collections: collectionFolder(t, "spoons", spoonsFile), Tables: spoonsTable,
		Env: []string{"LONGSHORE_MAX_ATTEMPTS=2"},
	})
	s.Exec("DROP TABLE spoons")
	for name, p := range pollers {
		t.Run(name, func(t *testing.T) {
			got := p.begin(t, order{address: importAddress(s.Client().Base(), "spoons"), body: []byte(`[{"id":1},{"id":2}]`)})()
			expectEnding(t, got, "failed", "ChunkAbandoned")
		})
	}
}

// TestAzurePollersCancel cancels an import that is followed, while its step stands still in its middle.
func TestAzurePollersCancel(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	proxy := thirdparty.NewProxy(t, s.Client().Base())
	release := s.BlockWrites("xforce.tools")
	for name, p := range pollers {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			o := order{address: importAddress(proxy.URL(), "tools"), body: tool.SampleJSON, id: uuid.NewString()}
			end := p.begin(t, o)
			await.Until(t, recoveryLimit, "the poller to poll", func() bool {
				return slices.ContainsFunc(proxy.Visits(), func(v thirdparty.Visit) bool { return strings.Contains(v.Path, o.id) })
			})
			mustDo(t, s, http.MethodPost, "/operations/"+o.id+":cancel", http.StatusOK)
			expectEnding(t, end(), "canceled", "")
		})
	}
	release()
	if n := s.Number(`SELECT count(*) FROM xforce.tools`); n != 0 {
		t.Errorf("%d records of cancelled imports are in the table", n)
	}
}

// TestAzurePollersGone writes a poller down, and reads it again when the operation is finished and pruned.
func TestAzurePollersGone(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	for name, p := range pollers {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			o := order{address: importAddress(s.Client().Base(), "tools"), body: tool.SampleJSON, id: uuid.NewString()}
			text := p.submit(t, o)
			s.WaitFor(client.Accepted{ID: o.id, OperationLocation: s.Client().Base() + "/operations/" + o.id}, "Succeeded")
			mustDo(t, s, http.MethodDelete, "/operations/"+o.id, http.StatusNoContent)
			got := p.resume(t, text)
			if !got.Failed || got.Answered != http.StatusGone || got.Code == "" {
				t.Errorf("the end is %+v, not that the operation is gone", got)
			}
		})
	}
	t.Run("never_there", func(t *testing.T) {
		for name, p := range pollers {
			t.Run(name, func(t *testing.T) {
				o := order{address: importAddress(s.Client().Base(), "tools"), body: tool.SampleJSON, id: uuid.NewString()}
				text := p.submit(t, o)
				got := p.resume(t, strings.ReplaceAll(text, o.id, uuid.NewString()))
				if !got.Failed || got.Answered != http.StatusNotFound || got.Code == "" {
					t.Errorf("the end is %+v, not that there is no such operation", got)
				}
			})
		}
	})
}

const (
	// heldFor is how long an import stands still while a poller's pace is watched.
	heldFor = 5 * time.Second
	// earlyBy is how much too early the clock of a client may ring.
	earlyBy = 10 * time.Millisecond
)

// TestAzurePollersRetryAfter looks at every poll of an import that takes seconds: none comes before the time that the answer before it asked
// to wait, and together they are few.
func TestAzurePollersRetryAfter(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	for name, p := range pollers {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			proxy := thirdparty.NewProxy(t, s.Client().Base())
			release := s.BlockWrites("xforce.tools")
			end := p.begin(t, order{address: importAddress(proxy.URL(), "tools"), body: tool.SampleJSON})
			await.Until(t, recoveryLimit, "the poller to poll", func() bool { return len(proxy.Visits()) > 0 })
			if err := await.Sleep(t.Context(), heldFor); err != nil {
				t.Fatal(err)
			}
			release()
			if got := end(); got.Failed {
				t.Fatalf("the end is %+v", got)
			}
			visits := proxy.Visits()
			expectPace(t, p, visits)
			// The waits grow as the import takes longer: a dozen polls in five seconds are more than enough.
			if len(visits) < 3 || len(visits) > 12 {
				t.Fatalf("%d polls of an import that took %s: %+v", len(visits), heldFor, visits)
			}
			for i, v := range visits[:len(visits)-2] { // the last two are the end and the result
				if v.Wait < time.Second || v.Precise > v.Wait {
					t.Errorf("the answer of poll %d asks to wait %s, or %s", i+1, v.Wait, v.Precise)
				}
			}
		})
	}
}

// TestAzurePollersThrottled refuses polls as a gateway does that has too much to do: the pollers come back when they were told to.
func TestAzurePollersThrottled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	for name, p := range pollers {
		t.Run(name, func(t *testing.T) {
			proxy := thirdparty.NewProxy(t, s.Client().Base())
			proxy.Refuse(thirdparty.Refusal{Status: http.StatusTooManyRequests, RetryAfter: "1"},
				thirdparty.Refusal{Status: http.StatusServiceUnavailable, RetryAfter: "2"})
			got := p.begin(t, order{address: importAddress(proxy.URL(), "tools"), body: tool.SampleJSON})()
			if got.Failed || got.Result.Status != "COMPLETED" {
				t.Fatalf("the end is %+v", got)
			}
			visits := proxy.Visits()
			if len(visits) < 3 || visits[0].Status != http.StatusTooManyRequests || visits[1].Status != http.StatusServiceUnavailable {
				t.Fatalf("the poller's requests were %+v", visits)
			}
			expectPace(t, p, visits)
		})
	}
}

// expectPace checks that each request came when the answer before it had asked for it: Go's client knows retry-after-ms,
// JavaScript's poller whole seconds only.
func expectPace(t *testing.T, p poller, visits []thirdparty.Visit) {
	t.Helper()
	for i, v := range visits[:len(visits)-1] {
		wait := v.Wait
		if p == (azcorePoller{}) {
			wait = v.Precise
		}
		if paused := visits[i+1].ReceivedAt.Sub(v.AnsweredAt); paused < wait-earlyBy {
			t.Errorf("request %d came %s after an answer that asked to wait %s", i+2, paused, wait)
		}
	}
}

// expectEnding checks an end that is an error. Of an operation that ended badly, Go's poller tells the code and JavaScript's its own
// status, with the code in the message of a failed one.
func expectEnding(t *testing.T, got ending, status, code string) {
	t.Helper()
	if !got.Failed || (got.Status != "" && got.Status != status) {
		t.Fatalf("the end is %+v, not %s", got, status)
	}
	if !strings.Contains(got.Message, code) {
		t.Errorf("the message does not tell %s: %s", code, got.Message)
	}
	if got.Status == "" && (got.Code == "" || !strings.Contains(got.Code, code)) {
		t.Errorf("the error code is %q, not %s", got.Code, code)
	}
}

func mustDo(t *testing.T, s *stack.Stack, method, path string, status int) *client.Response {
	t.Helper()
	answer, err := s.Client().Do(t.Context(), method, path, client.RequestBody{})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != status {
		t.Fatalf("%s %s: status %d, not %d: %s", method, path, answer.Status, status, answer.Body)
	}
	return answer
}
