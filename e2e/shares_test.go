package e2e_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// otherClient returns a client with another address than that of all other requests of the tests.
func otherClient(t *testing.T) *http.Client {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// submitAs sends a request that starts an operation, and returns the operation's id.
func submitAs(t *testing.T, c *http.Client, url string, body []byte) (id string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("got %d %s, %v, want the operation to be accepted", resp.StatusCode, text, err)
	}
	location := resp.Header.Get("Operation-Location")
	if location == "" {
		var status struct{ Links []struct{ Rel, Href string } }
		if err := json.Unmarshal(text, &status); err != nil {
			t.Fatal(err)
		}
		location = status.Links[0].Href
	}
	return location[strings.LastIndex(location, "/")+1:]
}

// fullChunk returns an import that counts as a whole entry of a share: smaller ones count as a part.
func fullChunk() []byte {
	tools := make([]tool.Tool, 5000)
	for n := range tools {
		tools[n] = tool.Numbered(n)
	}
	return tool.JSON(tools...)
}

const heldChunks = `SELECT count(*) FROM xforce.held_chunks`

// TestImportsOfOneClientDoNotDelayAnother posts many imports from one address, and then one from
// another, before any of them can proceed. Only a share of the first client's is ahead of it in the
// queue. The others follow as steps end, also after Redis was flushed and an importer killed.
func TestImportsOfOneClientDoNotDelayAnother(t *testing.T) {
	t.Parallel()
	const imports, share, concurrency = 24, 4, 2
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_OWNER_QUEUE_LIMIT=4"}})
	release := s.BlockWrites("xforce.tools")
	body := fullChunk()
	var many []client.Accepted
	for range imports {
		many = append(many, s.SubmitJSON(body))
	}
	if got := s.Number(heldChunks); got != imports-share {
		t.Errorf("%d of %d imports are held, want all but %d", got, imports, share)
	}
	id := submitAs(t, otherClient(t), s.Client().Base()+"/api/tools/import", tool.JSON(tool.Numbered(imports)))
	release()
	s.WaitForSQL(30*time.Second, "the other client's import to end", `SELECT status = 'succeeded' FROM xforce.tasks WHERE task_id = $1`, id)
	before := s.Number(`
SELECT count(*) FROM xforce.tasks one JOIN xforce.tasks other ON other.finished_at < one.finished_at WHERE one.task_id = $1`, id)
	if before > 2*share+concurrency {
		t.Errorf("%d imports ended before that of the other client, want about %d", before, share)
	}
	s.FlushRedis()
	s.KillImporter(0)
	s.StartImporter(0)
	for _, op := range many {
		s.WaitFor(op, "Succeeded")
	}
	if got := s.Number(heldChunks); got != 0 {
		t.Errorf("%d chunks are held after the end, want none", got)
	}
}

// TestSearchesOfOneClientDoNotDelayAnother starts many searches of all books from one address, and then
// a search by key from another. It waits for a share of the first client's steps, not for all of them.
func TestSearchesOfOneClientDoNotDelayAnother(t *testing.T) {
	t.Parallel()
	const searches, share = 20, 2
	s := stack.Start(t, stack.Options{
		Collections: collectionFolder(t, "books", bookFile), Tables: bookTable + ";" + strings.Replace(fillBooks, "300000", "60000", 1),
		Env: []string{"LONGSHORE_POLL_WITHIN=10m", "LONGSHORE_SEARCH_MOMENT=1ms", "LONGSHORE_OWNER_STEP_LIMIT=2"},
	})
	url := s.Client().Base() + "/search"
	for range searches {
		submitAs(t, http.DefaultClient, url, []byte(`{"collection":"books","query":"absent"}`))
	}
	const steps = `SELECT coalesce(sum(steps), 0) FROM xforce.task_chunks`
	before := s.Number(steps)
	id := submitAs(t, otherClient(t), url, []byte(`{"collection":"books","filter":{"shelf":"b","place":1}}`))
	s.WaitForSQL(time.Minute, "the other client's search to end", `SELECT status = 'succeeded' FROM xforce.tasks WHERE task_id = $1`, id)
	if got := s.Number(steps) - before; got > searches/2 {
		t.Errorf("%d steps were committed while the other client's search ran, want about %d", got, share)
	}
	s.Exec(`UPDATE xforce.tasks SET poll_deadline = clock_timestamp() WHERE status IN ('waiting', 'running')`)
	s.WaitForSQL(time.Minute, "the held searches to be dropped", `SELECT NOT EXISTS (SELECT FROM xforce.held_chunks)`)
}

// TestImportsOfOneTenantDoNotDelayAnother posts many imports with two keys of a tenant, and then one of
// another tenant from the same address: only one share of the first tenant's is ahead of it.
func TestImportsOfOneTenantDoNotDelayAnother(t *testing.T) {
	t.Parallel()
	const imports, share, concurrency = 40, 4, 2
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_AUTH=on", "LONGSHORE_OWNER_QUEUE_LIMIT=4"}})
	keyOf := func(tenant string) *client.Client {
		output := stack.Run(t, "api", s.Env(), "keys", "create", "--tenant", tenant, "--bundle", "importer")
		return s.Client().WithKey(strings.TrimSpace(output))
	}
	post := func(c *client.Client, body []byte) string {
		response, err := c.Do(t.Context(), http.MethodPost, "/api/tools/import", client.RequestBody{Type: "application/json", Content: body})
		if err != nil || response.Status != http.StatusAccepted {
			t.Fatalf("POST = %v, %v, want 202", response, err)
		}
		return response.Header.Get("Operation-Location")
	}
	many, other := []*client.Client{keyOf("many"), keyOf("many")}, keyOf("other")
	release := s.BlockWrites("xforce.tools")
	body := fullChunk()
	for n := range imports {
		post(many[n%2], body)
	}
	post(other, tool.JSON(tool.Numbered(0)))
	release()
	const ended = `SELECT count(*) = 1 FROM xforce.tasks WHERE tenant = 'other' AND status = 'succeeded'`
	s.WaitForSQL(30*time.Second, "the other tenant's import to end", ended)
	before := s.Number(`
SELECT count(*) FROM xforce.tasks one JOIN xforce.tasks other ON other.finished_at < one.finished_at WHERE one.tenant = 'other'`)
	if before > 2*share+concurrency {
		t.Errorf("%d imports ended before that of the other tenant, want about %d", before, share)
	}
	s.WaitForSQL(60*time.Second, "all imports to end", `SELECT count(*) = 0 FROM xforce.tasks WHERE status <> 'succeeded'`)
}
