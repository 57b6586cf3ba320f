package e2e_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// splitRandomly splits a body at random bytes into parts of at most size bytes.
func splitRandomly(random *rand.Rand, body []byte, size int) (parts [][]byte) {
	for len(body) > 0 {
		n := min(1+random.IntN(size), len(body))
		parts = append(parts, body[:n])
		body = body[n:]
	}
	return parts
}

// awkwardTools returns tools whose texts are hard to split: quotes, newlines, multibyte characters.
func awkwardTools(n int) (tools []tool.Tool) {
	for i := range n {
		one := tool.Numbered(i)
		one.Name = fmt.Sprintf("Werkzeug „%d“ 🛠 \"quoted\", with a comma", i)
		one.Description = fmt.Sprintf("line one of %d\nline two: äöü, \\n and ''\ttabbed\n\"", i)
		tools = append(tools, one)
	}
	return tools
}

func ndjsonOf(tools []tool.Tool) []byte {
	return tool.NDJSON(len(tools), func(i int) tool.Tool { return tools[i] })
}

// TestMultipartEqualsOneBody sends bodies in parts, split at random bytes, in random order, some
// compressed, some sent twice. The import and its chunks are the same as of one request.
func TestMultipartEqualsOneBody(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=70"}})
	random := newRandom(t)
	tools := awkwardTools(500)
	for name, test := range map[string]struct {
		mediaType string
		content   []byte
	}{
		"json":   {"application/json", tool.JSON(tools...)},
		"ndjson": {"application/x-ndjson", ndjsonOf(tools)},
		"csv":    {"text/csv; charset=utf-8; delimiter=semicolon", tool.CSV(';', tools...)},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.WithTB(t)
			s.Exec("TRUNCATE xforce.tools")
			u := startMultipartUpload(t, s, test.mediaType, nil)
			putShuffled(t, s, u, random, splitRandomly(random, test.content, 9_000))
			op := u.finish(t, s)
			m := s.WaitFor(op, "Succeeded")
			expectCounts(t, m, client.Counts{Total: 500, Created: 500, Imported: 500})
			expectTools(t, s, tools)
			whole := s.WaitFor(s.Submit("tools", client.RequestBody{Type: test.mediaType, Content: test.content}), "Succeeded")
			expectCounts(t, whole, client.Counts{Total: 500, Updated: 500, Imported: 500})
			expectTools(t, s, tools)
			expectSameChunks(t, s, m.ID, whole.ID)
			expectPartsCleared(t, s)
		})
	}
}

// putShuffled sends the parts in random order. Some are compressed, and some are sent twice, first
// with other bytes.
func putShuffled(t *testing.T, s *stack.Stack, u multipartUpload, random *rand.Rand, parts [][]byte) {
	t.Helper()
	for _, i := range random.Perm(len(parts)) {
		body := client.RequestBody{Content: parts[i]}
		switch random.IntN(4) {
		case 0:
			body.Content, body.Encoding = gzipped(t, parts[i]), "gzip"
		case 1:
			body.Content, body.Encoding = zstandard(t, parts[i]), "zstd"
		case 2:
			u.mustPut(t, s, i+1, []byte("not the last word"))
		}
		body.Header = contentDigest(body.Content)
		if resp := u.put(t, s, i+1, body); resp.Status != http.StatusCreated && resp.Status != http.StatusOK {
			t.Fatalf("PUT part %d: status %d, want 201 or 200: %s", i+1, resp.Status, resp.Body)
		}
	}
}

// expectSameChunks expects two imports to have staged the same chunks, byte for byte.
func expectSameChunks(t *testing.T, s *stack.Stack, one, other string) {
	t.Helper()
	const differ = `
SELECT count(*) FROM (SELECT * FROM xforce.task_chunks WHERE task_id = $1 AND seq >= 0) a
FULL JOIN (SELECT * FROM xforce.task_chunks WHERE task_id = $2) b USING (seq)
WHERE (a.first_row, a.row_count, a.payload) IS DISTINCT FROM (b.first_row, b.row_count, b.payload)`
	if n := s.Number(differ, one, other); n != 0 {
		t.Errorf("%d chunks differ, want 0", n)
	}
}

func expectPartsCleared(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.WaitForSQL(cleanupTimeout, "the parts to be deleted", `
SELECT NOT EXISTS (SELECT FROM xforce.upload_parts) AND NOT EXISTS (SELECT FROM xforce.upload_pieces)`)
}

// TestMultipartResume reads an interrupted upload, which lists its complete parts only, and
// continues it. Broken parts change nothing.
func TestMultipartResume(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	lines := tool.NDJSON(2_000, tool.Numbered)
	first, second := lines[:len(lines)/2], lines[len(lines)/2:]
	u := startMultipartUpload(t, s, "application/x-ndjson", nil)
	for _, path := range []string{"/operations/" + u.ID, "/status/" + u.ID} {
		expectProblem(t, mustGet(t, s, path), http.StatusNotFound, "operation-not-found")
	}
	if resp := u.put(t, s, 1, client.RequestBody{Content: first}); resp.Status != http.StatusCreated {
		t.Errorf("PUT of a new part: status %d, want 201", resp.Status)
	}
	sendBrokenPart(t, s, u, 1, second)
	sendBrokenPart(t, s, u, 2, second)
	p := expectProblem(t, u.put(t, s, 1, client.RequestBody{Content: second, Header: contentDigest(first)}), http.StatusBadRequest,
		"digest-mismatch")
	if !strings.Contains(p.Detail, "Nothing") {
		t.Errorf("detail of a digest mismatch is %q", p.Detail)
	}
	expectProblem(t, u.put(t, s, 1, client.RequestBody{Content: second, Header: http.Header{"Content-Digest": {"sha-256=abc"}}}),
		http.StatusBadRequest, "invalid-digest")
	expectProblem(t, u.put(t, s, 1, client.RequestBody{Content: gzipped(t, second)[:400], Encoding: "gzip"}), http.StatusBadRequest,
		"bad-encoding")
	expectProblem(t, u.put(t, s, 1, client.RequestBody{Content: second, Encoding: "br"}), http.StatusUnsupportedMediaType,
		"unsupported-content-encoding")
	expectProblem(t, send(t, s, http.MethodPost, u.Finish, client.RequestBody{Content: []byte(`{"parts": 2}`)}), http.StatusConflict,
		"upload-incomplete")

	seen := readMultipart(t, mustGet(t, s, u.Upload), http.StatusOK)
	if len(seen.Received) != 1 || seen.Received[0].Part != 1 || seen.ReceivedBytes != int64(len(first)) ||
		seen.Received[0].Digest != contentDigest(first).Get("Content-Digest") || seen.Limits.ExpiresAt == nil {
		t.Errorf("upload is %+v, want part 1 with its digest and expiry", seen)
	}
	s.WaitForSQL(rollbackTimeout, "the blocks of broken parts to be deleted", `SELECT count(DISTINCT version) = 1 FROM xforce.upload_pieces`)
	u.mustPut(t, s, 2, second)
	if resp := u.put(t, s, 2, client.RequestBody{Content: second}); resp.Status != http.StatusOK {
		t.Errorf("PUT of the same part again: status %d, want 200", resp.Status)
	}
	op := u.finish(t, s)
	again := u.finish(t, s)
	if diff := cmp.Diff(op.OperationLocation+op.Location+op.TaskReference,
		again.OperationLocation+again.Location+again.TaskReference); diff != "" {
		t.Errorf("second finish (-want +got):\n%s", diff)
	}
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 2_000, Created: 2_000, Imported: 2_000})
	for what, resp := range map[string]*client.Response{
		"a late part":     u.put(t, s, 1, client.RequestBody{Content: first}),
		"aborting it now": send(t, s, http.MethodDelete, u.Upload, client.RequestBody{}),
	} {
		if p := expectProblem(t, resp, http.StatusConflict, "upload-finished"); t.Failed() {
			t.Errorf("%s: %s", what, p.Detail)
		}
	}
	seen = readMultipart(t, mustGet(t, s, u.Upload), http.StatusOK)
	if !seen.Finished || seen.Operation != op.OperationLocation || seen.Limits.ExpiresAt != nil {
		t.Errorf("finished upload is %+v, want its operation %s and no expiry", seen, op.OperationLocation)
	}
}

// sendBrokenPart sends a part without its last byte and closes the connection.
func sendBrokenPart(t *testing.T, s *stack.Stack, u multipartUpload, n int, content []byte) {
	t.Helper()
	host := strings.TrimPrefix(s.Client().Base(), "http://")
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", strings.TrimPrefix(u.part(n), s.Client().Base()),
		host, len(content))
	if _, err := io.WriteString(conn, head+string(content[:len(content)-1])); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}
