package standby_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// records is the number of records of the long import, and of the multipart upload.
const records = 8_000

// startWork starts one operation of each kind, by its name, and returns when each is in the middle of
// a step: locks stop them until the primary ends.
func startWork(t *testing.T, s *stack.Stack) map[string]client.Accepted {
	t.Helper()
	locks := connect(t, databaseOn(servers.primary, s))
	t.Cleanup(func() { _ = locks.Close(context.Background()) })
	work := map[string]client.Accepted{"import": s.SubmitLines(tool.NDJSON(records, tool.Numbered))}
	s.WaitForChunks(work["import"], 3)
	lock(t, locks, "xforce.tools")
	work["split"] = startSplit(t, s, func() { lock(t, locks, "xforce.upload_pieces") })
	work["search"] = post(t, s, "/search", `{}`)
	work["report"] = post(t, s, "/start-report", `{"report":"records","collection":"tools","format":"xlsx"}`)
	s.WaitForSQL(serverLimit, "the steps to be blocked", `
SELECT count(DISTINCT application_name) = 3 AND count(DISTINCT w.relation) = 2
FROM pg_locks w JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND datname = current_database() AND application_name LIKE 'longshore-%'`)
	return work
}

func lock(t *testing.T, conn *pgx.Conn, table string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE "+table); err != nil {
		t.Fatalf("locking table %s: %v", table, err)
	}
}

func post(t *testing.T, s *stack.Stack, path, body string) client.Accepted {
	t.Helper()
	response := send(t, s, http.MethodPost, path, client.RequestBody{Type: "application/json", Content: []byte(body)})
	op := client.Accepted{OperationLocation: response.Header.Get("Operation-Location")}
	op.ID = op.OperationLocation[strings.LastIndex(op.OperationLocation, "/")+1:]
	if op.ID == "" {
		t.Fatalf("POST %s = %d %s, want an operation", path, response.Status, response.Body)
	}
	return op
}

// startSplit sends an import as a multipart upload of one part, which a worker splits.
// It calls ready before a worker may begin.
func startSplit(t *testing.T, s *stack.Stack, ready func()) client.Accepted {
	t.Helper()
	begun := send(t, s, http.MethodPost, "/api/tools/import:upload-start", client.RequestBody{Type: "application/x-ndjson"})
	var upload struct{ Parts, Finish string }
	if err := json.Unmarshal(begun.Body, &upload); err != nil || begun.Status != http.StatusCreated {
		t.Fatalf("upload-start = %d %s (%v), want 201", begun.Status, begun.Body, err)
	}
	body := tool.NDJSON(records, func(n int) tool.Tool { return tool.Numbered(records + n) })
	part := send(t, s, http.MethodPut, strings.ReplaceAll(upload.Parts, "{n}", "1"), client.RequestBody{Content: body})
	if part.Status != http.StatusCreated {
		t.Fatalf("PUT part 1 = %d %s, want 201", part.Status, part.Body)
	}
	ready()
	op, err := s.Client().Accepted(send(t, s, http.MethodPost, upload.Finish, client.RequestBody{}))
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func send(t *testing.T, s *stack.Stack, method, address string, body client.RequestBody) *client.Response {
	t.Helper()
	response, err := s.Client().Do(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// follow polls operations until all are finished, and returns how long each took. Requests that fail
// while no server accepts changes are sent again.
func follow(t *testing.T, s *stack.Stack, work map[string]client.Accepted) map[string]time.Duration {
	t.Helper()
	begin := time.Now()
	took := make(map[string]time.Duration)
	await.Until(t, workLimit, "the work to go on", func() bool {
		for _, name := range slices.Sorted(maps.Keys(work)) {
			if took[name] != 0 {
				continue
			}
			m, _, err := s.Client().Poll(t.Context(), work[name].OperationLocation)
			switch {
			case err != nil:
			case m.Status == "Succeeded":
				took[name] = time.Since(begin)
			case m.Error != nil:
				t.Fatalf("the %s is %s: %+v, want Succeeded", name, m.Status, m.Error)
			}
		}
		return len(took) == len(work)
	})
	return took
}

// submitter submits small imports, one after another, until it is stopped.
type submitter struct {
	stop  context.CancelFunc
	ended sync.WaitGroup
	// accepted are the imports that were answered with 202; sent counts all requests, and unknown
	// those with the answer outcome-unknown.
	accepted      []client.Accepted
	sent, unknown int
	unexpected    []string
}

func startSubmitter(t *testing.T, s *stack.Stack) *submitter {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	sub := &submitter{stop: stop}
	sub.ended.Go(func() {
		for ctx.Err() == nil {
			sub.submit(ctx, s.Client())
			_ = await.Sleep(ctx, 20*time.Millisecond)
		}
	})
	t.Cleanup(sub.end)
	return sub
}

func (sub *submitter) submit(ctx context.Context, c *client.Client) {
	sub.sent++
	body := client.RequestBody{Type: "application/json", Content: tool.JSON(tool.Numbered(10*records + sub.sent))}
	response, err := c.Do(ctx, http.MethodPost, "/api/tools/import", body)
	switch {
	case ctx.Err() != nil:
		sub.sent-- // it was stopped
	case err != nil:
		sub.unexpected = append(sub.unexpected, err.Error())
	case response.Status == http.StatusServiceUnavailable:
		if strings.Contains(string(response.Body), "outcome-unknown") {
			sub.unknown++
		}
	default:
		accepted, err := c.Accepted(response)
		if err != nil {
			sub.unexpected = append(sub.unexpected, err.Error())
			return
		}
		sub.accepted = append(sub.accepted, accepted)
	}
}

// end stops the submitter. It may be called more than once.
func (sub *submitter) end() {
	sub.stop()
	sub.ended.Wait()
}
