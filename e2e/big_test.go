package e2e_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// bigImport is the variable that says how many records a big import has: ten million prove more than the million of every day, and take
// ten minutes. As in: LONGSHORE_BIG_IMPORT=10000000 make test ARGS='-v -timeout 30m -run "TestCancelBigImport|TestFairness" ./e2e'.
const bigImport = "LONGSHORE_BIG_IMPORT"

// everyDayRecords is how many records a big import has if nobody says more.
const everyDayRecords = 1_000_000

func bigRecords(t *testing.T) int {
	t.Helper()
	text := os.Getenv(bigImport)
	if text == "" {
		return everyDayRecords
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < everyDayRecords {
		t.Fatalf("%s is %q, not a number of at least %d", bigImport, text, everyDayRecords)
	}
	return n
}

// brokenEvery is how many records of a stream come to one that is rejected.
const brokenEvery = 1_000

// bigStream writes n records as NDJSON while they are read. Every thousandth has no name.
func bigStream(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, 1<<20)
		enc := json.NewEncoder(out)
		for i := range n {
			one := tool.Numbered(i)
			if i%brokenEvery == brokenEvery-1 {
				one.Name = ""
			}
			if err := enc.Encode(one); err != nil {
				break // the reader has gone
			}
		}
		_ = w.CloseWithError(out.Flush())
	}()
	return r
}

// startBigImport sends a big import, and returns when a tenth of it is done.
func startBigImport(t *testing.T, s *stack.Stack) client.Accepted {
	t.Helper()
	n := bigRecords(t)
	op, err := s.Client().ImportStream(t.Context(), "tools", "application/x-ndjson", bigStream(n))
	if err != nil {
		t.Fatal(err)
	}
	if op.TotalRecords != n {
		t.Fatalf("%d records were accepted, not %d", op.TotalRecords, n)
	}
	t.Logf("%d records were sent in %s", n, op.Elapsed)
	s.WaitForSQL(bigLimit, "a tenth to be done", `SELECT done_chunks * 10 >= total_chunks FROM xforce.tasks WHERE task_id = $1`, op.ID)
	s.MustBeUnfinished(op)
	return op
}

// bigLimit bounds a wait for a part of a big import.
const bigLimit = 5 * time.Minute
