package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

const importPath = "/api/tools/import"

// requestWithID returns an import request with an Operation-Id, which makes it repeatable.
func requestWithID(id string, content []byte) client.RequestBody {
	return client.RequestBody{Type: "application/json", Content: content, Header: http.Header{"Operation-Id": {id}}}
}

// readAccepted decodes a 202.
func readAccepted(t *testing.T, resp *client.Response) (a client.Accepted) {
	t.Helper()
	if resp.Status != http.StatusAccepted {
		t.Fatalf("got status %d, want 202: %s", resp.Status, resp.Body)
	}
	if err := json.Unmarshal(resp.Body, &a); err != nil {
		t.Fatal(err)
	}
	a.OperationLocation, a.Location = resp.Header.Get("Operation-Location"), resp.Header.Get("Location")
	return a
}

// TestOperationID expects the operation to have the id of the request. The same request again
// returns the same operation, and another request with the id is rejected.
func TestOperationID(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	id := uuid.NewString()
	first := readAccepted(t, send(t, s, http.MethodPost, importPath, requestWithID(id, tool.SampleJSON)))
	if first.ID != id || first.TotalRecords != 5 {
		t.Errorf("got %+v, want id %s and 5 records", first, id)
	}
	s.WaitFor(first, "Succeeded")
	resp := send(t, s, http.MethodPost, importPath, requestWithID(strings.ToUpper(id), tool.SampleJSON))
	again := readAccepted(t, resp)
	if again.ID != id || again.TaskReference != first.TaskReference || again.OperationLocation != first.OperationLocation ||
		again.Status != "COMPLETED" {
		t.Errorf("repeated request: got %+v, want COMPLETED and the operation %+v", again, first)
	}
	if wait := resp.Header.Get("Retry-After"); wait != "" {
		t.Errorf("Retry-After of a finished import is %q, want none", wait)
	}
	packed := requestWithID(id, gzipped(t, tool.SampleJSON))
	packed.Encoding = "gzip"
	lines := requestWithID(id, tool.SampleJSON)
	lines.Type = "application/x-ndjson"
	for name, other := range map[string]client.RequestBody{
		"another_body": requestWithID(id, tool.JSON(tool.Numbered(1))), "another_type": lines, "another_encoding": packed,
		"cut_off": requestWithID(id, tool.SampleJSON[:100]),
	} {
		if p := expectProblem(t, send(t, s, http.MethodPost, importPath, other), http.StatusBadRequest, "operation-id-in-use"); t.Failed() {
			t.Fatalf("%s: %s", name, p.Detail)
		}
	}
	for _, id := range []string{"x", "00000000-0000-0000-0000-000000000000", "1"} {
		expectProblem(t, send(t, s, http.MethodPost, importPath, requestWithID(id, tool.SampleJSON)), http.StatusBadRequest,
			"invalid-operation-id")
	}
	if n := s.Number(`SELECT count(*) FROM xforce.tasks`); n != 1 {
		t.Errorf("got %d operations, want 1", n)
	}
	mustPrune(t, s, first)
	expectProblem(t, send(t, s, http.MethodPost, importPath, requestWithID(id, tool.SampleJSON)), http.StatusGone, "operation-expired")
}

// TestOperationIDAfterRejection expects a rejected request not to use up its id.
func TestOperationIDAfterRejection(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	id := uuid.NewString()
	for name, content := range map[string]string{"at the start": "{}", "at the end": `[{"tool_id": "A"}, x]`, "empty": ""} {
		resp := send(t, s, http.MethodPost, importPath, requestWithID(id, []byte(content)))
		if resp.Status != http.StatusBadRequest {
			t.Errorf("%s: got status %d, want 400: %s", name, resp.Status, resp.Body)
		}
	}
	op := readAccepted(t, send(t, s, http.MethodPost, importPath, requestWithID(id, tool.SampleJSON)))
	s.WaitFor(op, "Succeeded")
}

// TestOperationIDConcurrent sends the same request several times concurrently. The result is one
// import.
func TestOperationIDConcurrent(t *testing.T) {
	t.Parallel()
	const requests = 8
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=100"}})
	for _, records := range []int{10, 5_000} {
		body := requestWithID(uuid.NewString(), ndjsonOf(awkwardTools(records)))
		body.Type = "application/x-ndjson"
		responses := make([]*client.Response, requests)
		var all sync.WaitGroup
		for i := range responses {
			all.Go(func() {
				var err error
				if responses[i], err = s.Client().Do(t.Context(), http.MethodPost, importPath, body); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if t.Failed() {
			return
		}
		accepted := 0
		for _, resp := range responses {
			if resp.Status == http.StatusAccepted {
				accepted++
				continue
			}
			expectProblem(t, resp, http.StatusConflict, "operation-id-receiving")
			if _, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil {
				t.Errorf("Retry-After is %q, want seconds", resp.Header.Get("Retry-After"))
			}
		}
		t.Logf("%d of %d requests with %d records were answered with 202", accepted, requests, records)
		if accepted == 0 {
			t.Error("no request was accepted, want at least one")
		}
		op := readAccepted(t, send(t, s, http.MethodPost, importPath, body))
		s.WaitFor(op, "Succeeded")
	}
	if n := s.Number(`SELECT count(*) FROM xforce.tasks`); n != 2 {
		t.Errorf("got %d operations, want 2", n)
	}
}

// TestOperationIDWhileReceiving sends a second request while the body of the first with the same id
// is incomplete: the api answers 409 with Retry-After. After the first connection breaks, the
// second request is accepted.
func TestOperationIDWhileReceiving(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	id := uuid.NewString()
	host := strings.TrimPrefix(s.Client().Base(), "http://")
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nOperation-Id: %s\r\nContent-Length: %d\r\n\r\n",
		importPath, host, id, len(tool.SampleJSON))
	if _, err := io.WriteString(conn, head+string(tool.SampleJSON[:50])); err != nil {
		t.Fatal(err)
	}
	s.WaitForSQL(rollbackTimeout, "the first request to be received", `SELECT EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1)`, id)
	resp := send(t, s, http.MethodPost, importPath, requestWithID(id, tool.SampleJSON))
	expectProblem(t, resp, http.StatusConflict, "operation-id-receiving")
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("Retry-After is %q, want seconds", resp.Header.Get("Retry-After"))
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	s.WaitForSQL(rollbackTimeout, "the first request to be rolled back", `SELECT NOT EXISTS (SELECT FROM xforce.tasks)`)
	op := readAccepted(t, send(t, s, http.MethodPost, importPath, requestWithID(id, tool.SampleJSON)))
	s.WaitFor(op, "Succeeded")
}

// TestOperationIDMultipart starts a multipart upload again with its id and gets the same upload.
func TestOperationIDMultipart(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	id := uuid.NewString()
	header := http.Header{"Operation-Id": {id}, "Longshore-Labels": {"team=data"}}
	u := startMultipartUpload(t, s, "application/json", header)
	u.mustPut(t, s, 1, tool.SampleJSON)
	if again := startMultipartUpload(t, s, "application/json", header); u.ID != id || again.Upload != u.Upload || len(again.Received) != 1 {
		t.Errorf("second start: got %+v, want upload %s with one part", again, u.Upload)
	}
	expectProblem(t, send(t, s, http.MethodPost, "/api/tools/import:upload-start", client.RequestBody{Type: "text/csv", Header: header}),
		http.StatusBadRequest, "operation-id-in-use")
	op := u.finish(t, s)
	s.WaitFor(op, "Succeeded")
	if n := s.Number(`SELECT count(*) FROM xforce.tasks WHERE labels = '{"team": "data"}'`); n != 1 {
		t.Errorf("got %d operations with the labels, want 1", n)
	}
	expectProblem(t, send(t, s, http.MethodPost, importPath, requestWithID(id, tool.SampleJSON)), http.StatusBadRequest, "operation-id-in-use")
	if again := startMultipartUpload(t, s, "application/json", header); !again.Finished || again.Operation != op.OperationLocation {
		t.Errorf("start after the finish: got %+v, want finished with operation %s", again, op.OperationLocation)
	}
}
