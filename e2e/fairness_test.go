package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// servedWithin is how long ten records may take, whatever else is going on.
const servedWithin = 2 * time.Second

// TestFairness posts ten records again and again while a big import is received and while it is worked on.
func TestFairness(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2})
	received := make(chan client.Accepted, 1)
	go func() {
		op, err := s.Client().ImportStream(t.Context(), "tools", "application/x-ndjson", bigStream(bigRecords(t)))
		if err != nil {
			t.Error(err)
		}
		received <- op
	}()
	s.WaitForSQL(bigLimit, "the upload to be in its middle", `SELECT count(*) > 20 FROM xforce.task_chunks`)
	key, meanwhile := 0, tenAtATime(t, s)
	meanwhile("while it is received", &key)
	op := <-received
	if t.Failed() {
		return
	}
	s.WaitForSQL(bigLimit, "a tenth to be done", `SELECT done_chunks * 10 >= total_chunks FROM xforce.tasks WHERE task_id = $1`, op.ID)
	meanwhile("while it is worked on", &key)
	s.MustBeUnfinished(op)
	mustCancel(t, s, op)
}

// tenAtATime returns a function that posts ten records, ten times, and holds the time until they were Succeeded against the promise.
func tenAtATime(t *testing.T, s *stack.Stack) func(when string, key *int) {
	t.Helper()
	return func(when string, key *int) {
		t.Helper()
		const times = 10
		took := make([]time.Duration, times)
		for i := range took {
			body := tool.NDJSON(10, func(n int) tool.Tool {
				*key++
				return tool.Numbered(100_000_000 + *key + n)
			})
			began := time.Now()
			op := s.SubmitLines(body)
			m := s.Watch(op)("Succeeded")
			took[i] = time.Since(began)
			if m.Counts.Total != 10 || m.Counts.Unprocessed != 0 {
				t.Errorf("ten records ended as %+v", m.Counts)
			}
		}
		slices.Sort(took)
		t.Logf("%s, ten records took: median %s, fastest %s, slowest %s", when, took[times/2], took[0], took[times-1])
		if took[times/2] > servedWithin {
			t.Errorf("%s, the median is above %s", when, servedWithin)
		}
	}
}
