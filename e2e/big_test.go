package e2e_test

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// bigRecordsVariable is the environment variable with the number of records of a big import. Ten
// million take about ten minutes:
// LONGSHORE_BIG_IMPORT=10000000 make test ARGS='-v -timeout 30m -run "TestCancelBigImport|TestFairness" ./e2e'.
const bigRecordsVariable = "LONGSHORE_BIG_IMPORT"

// defaultBigRecords is also the minimum number of records of a big import.
const defaultBigRecords = 1_000_000

// bigTimeout is the maximum time of a part of a big import.
const bigTimeout = 5 * time.Minute

func bigRecords(t *testing.T) int {
	t.Helper()
	text := os.Getenv(bigRecordsVariable)
	if text == "" {
		return defaultBigRecords
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < defaultBigRecords {
		t.Fatalf("%s: got %q, want a number of at least %d", bigRecordsVariable, text, defaultBigRecords)
	}
	return n
}

// invalidEvery is the distance between invalid records of bigStream.
const invalidEvery = 1_000

// bigStream generates n records as NDJSON while they are read. Every thousandth is invalid: it has
// no name.
func bigStream(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(w, 1<<20)
		var line []byte
		for i := range n {
			line = appendTool(line[:0], i)
			if _, err := out.Write(line); err != nil {
				break // the reader is closed
			}
		}
		_ = w.CloseWithError(out.Flush())
	}()
	return r
}

// appendTool appends tool number i as a line of JSON. It does without encoding/json, which under the
// race detector would take most of the time of a big import.
func appendTool(line []byte, i int) []byte {
	number := strconv.Itoa(i)
	line = append(line, `{"tool_id":"`...)
	line = append(line, tool.ID(i)...)
	line = append(line, `","tool_name":"`...)
	if i%invalidEvery != invalidEvery-1 {
		line = append(append(line, "Tool number "...), number...)
	}
	line = append(line, `","category":"Travel","description":"`...)
	line = append(line, bigDescription...)
	line = append(line, `","features":["Counting","Being found"],"url":"https://example.com/tools/`...)
	return append(append(line, number...), "\"}\n"...)
}

// bigDescription is as long as the descriptions that people write.
const bigDescription = "This tool is here to be imported, counted and found again; its description is as long as those of people who describe tools."

// startBigImport posts a big import, and returns when a tenth of its chunks is done.
func startBigImport(t *testing.T, s *stack.Stack) client.Accepted {
	t.Helper()
	n := bigRecords(t)
	op, err := s.Client().ImportStream(t.Context(), "tools", "application/x-ndjson", bigStream(n))
	if err != nil {
		t.Fatal(err)
	}
	if op.TotalRecords != n {
		t.Fatalf("got %d accepted records, want %d", op.TotalRecords, n)
	}
	t.Logf("sent %d records in %s", n, op.Elapsed)
	waitForTenth(s, op)
	s.MustBeUnfinished(op)
	return op
}

// waitForTenth waits until a tenth of the operation's chunks is done.
func waitForTenth(s *stack.Stack, op client.Accepted) {
	s.WaitForSQL(bigTimeout, "a tenth of the chunks to be done",
		`SELECT done_chunks * 10 >= total_chunks FROM xforce.tasks WHERE task_id = $1`, op.ID)
}
