package poolers

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// records is the number of records of an import or upload of several chunks.
const records = 5_000

// smallChunks cuts them into several chunks.
const smallChunks = "LONGSHORE_CHUNK_RECORDS=1000"

// work is one kind of work, and how a test stops it in the middle of a step.
type work struct {
	name, service string
	// blocked is the table whose lock stops the step.
	blocked string
	start   start
}

// start starts work. It calls ready before the request after which a worker may begin.
type start func(t *testing.T, s *stack.Stack, ready func()) client.Accepted

// allWork contains one work for each kind of step.
func allWork() []work {
	return []work{
		{"import", "importer", "xforce.tools", startImport},
		{"split", "importer", "xforce.upload_pieces", startSplit},
		{"search", "searcher", "xforce.tools", startSearch},
		{"report", "reporter", "xforce.task_outputs", startReport},
	}
}

// block starts the work and returns when its step waits for a lock, and the function that ends the
// lock.
func (w work) block(t *testing.T, s *stack.Stack) (op client.Accepted, release func()) {
	t.Helper()
	op = w.start(t, s, func() { release = s.BlockReads(w.blocked) })
	awaitBlocked(s, "longshore-"+w.service)
	return op, release
}

// awaitBlocked waits until a session of the name waits for a lock.
func awaitBlocked(s *stack.Stack, session string) {
	s.WaitForSQL(time.Minute, "a session of "+session+" to be blocked", `
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock')`, session)
}

func startImport(t *testing.T, s *stack.Stack, ready func()) client.Accepted {
	t.Helper()
	ready()
	return s.SubmitLines(tool.NDJSON(records, tool.Numbered))
}

// post returns a start that sends a JSON body to a path.
func post(path, body string) start {
	return func(t *testing.T, s *stack.Stack, ready func()) client.Accepted {
		t.Helper()
		ready()
		return s.StartOperation(path, body)
	}
}

var (
	startSearch = post("/search", `{}`)
	startReport = post("/start-report", `{"report":"imports","format":"html"}`)
	startExport = post("/start-report", `{"report":"records","collection":"tools","format":"ndjson"}`)
)

// startSplit sends an import as a multipart upload of two parts.
func startSplit(t *testing.T, s *stack.Stack, ready func()) client.Accepted {
	t.Helper()
	body := tool.NDJSON(records, tool.Numbered)
	return s.SubmitParts(ready, body[:len(body)/2], body[len(body)/2:])
}
