package standby_test

import (
	"context"
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
	work["split"] = s.SubmitParts(func() { lock(t, locks, "xforce.upload_pieces") },
		tool.NDJSON(records, func(n int) tool.Tool { return tool.Numbered(records + n) }))
	work["search"] = s.StartOperation("/search", `{}`)
	work["report"] = s.StartOperation("/start-report", `{"report":"records","collection":"tools","format":"xlsx"}`)
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
