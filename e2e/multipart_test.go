package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// cleanupTimeout bounds the time until the parts of a split upload are deleted.
	cleanupTimeout = 10 * time.Second
	// expiryTimeout bounds the time until the janitor deletes an expired upload.
	expiryTimeout = 15 * time.Second
)

// multipartUpload is the api's document of a multipart upload.
type multipartUpload struct {
	ID, Upload, Parts, Finish string
	Limits                    struct {
		PartBytes int64      `json:"part_bytes"`
		Parts     int        `json:"parts"`
		Bytes     int64      `json:"bytes"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	Received []struct {
		Part   int
		Bytes  int64
		Digest string
	}
	ReceivedBytes int64 `json:"received_bytes"`
	Finished      bool
	Operation     string
}

func startMultipartUpload(t *testing.T, s *stack.Stack, mediaType string, header http.Header) multipartUpload {
	t.Helper()
	resp := send(t, s, http.MethodPost, "/api/tools/import:upload-start", client.RequestBody{Type: mediaType, Header: header})
	u := readMultipart(t, resp, http.StatusCreated)
	if resp.Header.Get("Location") != u.Upload || !strings.HasPrefix(u.Upload, s.Client().Base()+"/") {
		t.Fatalf("Location is %q, upload is %q, want the same absolute URL", resp.Header.Get("Location"), u.Upload)
	}
	return u
}

func readMultipart(t *testing.T, resp *client.Response, status int) (u multipartUpload) {
	t.Helper()
	if resp.Status != status {
		t.Fatalf("got status %d, want %d: %s", resp.Status, status, resp.Body)
	}
	if err := json.Unmarshal(resp.Body, &u); err != nil {
		t.Fatal(err)
	}
	return u
}

func send(t *testing.T, s *stack.Stack, method, address string, body client.RequestBody) *client.Response {
	t.Helper()
	resp, err := s.Client().Do(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// part returns the URL of part n.
func (u multipartUpload) part(n int) string { return strings.ReplaceAll(u.Parts, "{n}", fmt.Sprint(n)) }

func (u multipartUpload) put(t *testing.T, s *stack.Stack, n int, body client.RequestBody) *client.Response {
	t.Helper()
	return send(t, s, http.MethodPut, u.part(n), body)
}

func (u multipartUpload) mustPut(t *testing.T, s *stack.Stack, n int, content []byte) {
	t.Helper()
	if resp := u.put(t, s, n, client.RequestBody{Content: content}); resp.Status != http.StatusCreated && resp.Status != http.StatusOK {
		t.Fatalf("PUT part %d: status %d, want 201 or 200: %s", n, resp.Status, resp.Body)
	}
}

// finish finishes the upload and expects a 202 with the upload's id.
func (u multipartUpload) finish(t *testing.T, s *stack.Stack) client.Accepted {
	t.Helper()
	op, err := s.Client().Accepted(send(t, s, http.MethodPost, u.Finish, client.RequestBody{}))
	if err != nil {
		t.Fatal(err)
	}
	if op.ID != u.ID {
		t.Errorf("operation id is %s, want the upload's %s", op.ID, u.ID)
	}
	return op
}

func contentDigest(content []byte) http.Header {
	sum := sha256.Sum256(content)
	return http.Header{"Content-Digest": {"sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"}}
}

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
	s.WaitForSQL(rollbackTimeout, "the blocks of broken parts to be deleted", `SELECT count(*) = 1 FROM xforce.upload_pieces`)
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

// TestMultipartLimits exceeds every limit of a multipart upload.
func TestMultipartLimits(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{
		"LONGSHORE_MAX_PART_BYTES=1000", "LONGSHORE_MAX_PARTS=3", "LONGSHORE_MAX_BODY_BYTES=2500",
	}})
	u := startMultipartUpload(t, s, "application/x-ndjson", nil)
	if u.Limits.PartBytes != 1000 || u.Limits.Parts != 3 || u.Limits.Bytes != 2500 {
		t.Errorf("limits are %+v, want 1000 bytes a part, 3 parts, 2500 bytes", u.Limits)
	}
	of := func(n int) []byte { return bytes.Repeat([]byte("x"), n) }
	for name, body := range map[string]client.RequestBody{
		"plain": {Content: of(1001)}, "packed": {Content: gzipped(t, of(1001)), Encoding: "gzip"},
	} {
		if p := expectProblem(t, u.put(t, s, 1, body), http.StatusRequestEntityTooLarge, "part-too-large"); p.Limit != 1000 {
			t.Errorf("%s: limit is %d, want 1000", name, p.Limit)
		}
	}
	u.mustPut(t, s, 1, of(1000))
	u.mustPut(t, s, 2, of(1000))
	p := expectProblem(t, u.put(t, s, 3, client.RequestBody{Content: of(501)}), http.StatusRequestEntityTooLarge, "upload-too-large")
	if p.Limit != 2500 {
		t.Errorf("limit is %d, want 2500", p.Limit)
	}
	u.mustPut(t, s, 3, of(500))
	for _, n := range []string{"0", "4", "-1", "x", "99999999999999999999"} {
		resp := send(t, s, http.MethodPut, strings.ReplaceAll(u.Parts, "{n}", n), client.RequestBody{Content: of(1)})
		expectProblem(t, resp, http.StatusBadRequest, "invalid-part-number")
	}
	for _, body := range []string{
		`{"parts": -1}`, `{"parts": 4}`, `{"parts": 9000000000000000000}`, `{"parts": 3, "more": 1}`, `[]`,
		strings.Repeat(" ", 5_000),
	} {
		resp := send(t, s, http.MethodPost, u.Finish, client.RequestBody{Content: []byte(body)})
		if strings.TrimSpace(body) != "" {
			expectProblem(t, resp, http.StatusBadRequest, "invalid-finish")
		}
	}
}

// TestMultipartUnknownAddresses requests unknown uploads, parts, collections and methods.
func TestMultipartUnknownAddresses(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: stack.None})
	u := startMultipartUpload(t, s, "application/json", nil)
	path := "/api/tools/import/uploads/"
	for _, one := range []struct{ method, path, code string }{
		{http.MethodPost, "/api/nothing/import:upload-start", "unknown-collection"},
		{http.MethodPost, "/api/tools/import:upload-begin", "no-such-address"},
		{http.MethodGet, path + uuid.NewString(), "upload-not-found"},
		{http.MethodGet, path + "%00%ff", "upload-not-found"},
		{http.MethodPut, path + uuid.NewString() + "/parts/1", "upload-not-found"},
		{http.MethodPut, "/api/nothing/import/uploads/" + u.ID + "/parts/1", "upload-not-found"},
		{http.MethodDelete, path + uuid.NewString(), "upload-not-found"},
		{http.MethodPost, path + uuid.NewString() + ":upload-finish", "upload-not-found"},
		{http.MethodPost, path + u.ID, "no-such-address"},
		{http.MethodPost, path + u.ID + ":finish", "no-such-address"},
	} {
		resp := send(t, s, one.method, one.path, client.RequestBody{Type: "application/json"})
		if p := expectProblem(t, resp, http.StatusNotFound, one.code); t.Failed() {
			t.Fatalf("%s %s: %s", one.method, one.path, p.Detail)
		}
	}
	expectProblem(t, send(t, s, http.MethodPost, "/api/tools/import:upload-start", client.RequestBody{Type: "text/plain"}),
		http.StatusUnsupportedMediaType, "unsupported-media-type")
	mustDo(t, s, http.MethodDelete, u.Upload, http.StatusNoContent)
	expectProblem(t, mustGet(t, s, u.Upload), http.StatusNotFound, "upload-not-found")
	expectNoRows(t, s)
}

// TestMultipartExpires expects an unfinished upload to be deleted when it has expired, and not
// before.
func TestMultipartExpires(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: stack.None, Env: []string{"LONGSHORE_ABANDONED_AFTER=30s"}})
	kept, late := startMultipartUpload(t, s, "text/csv", nil), startMultipartUpload(t, s, "text/csv", nil)
	kept.mustPut(t, s, 1, []byte("kept"))
	late.mustPut(t, s, 1, []byte("late"))
	if left := time.Until(*kept.Limits.ExpiresAt); left < 23*time.Hour || left > 25*time.Hour {
		t.Errorf("upload expires in %s, want about 24h", left)
	}
	s.Exec(`UPDATE xforce.tasks SET updated_at = now() - interval '1 hour', expires_at = CASE WHEN task_id = '` + late.ID +
		`' THEN now() - interval '1 second' ELSE expires_at END`)
	s.WaitForSQL(expiryTimeout, "the expired upload to be deleted", `SELECT NOT EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1)`, late.ID)
	expectProblem(t, mustGet(t, s, late.Upload), http.StatusNotFound, "upload-not-found")
	if seen := readMultipart(t, mustGet(t, s, kept.Upload), http.StatusOK); len(seen.Received) != 1 {
		t.Errorf("upload before its expiry is %+v, want one part", seen)
	}
}

// TestMultipartSyntaxError expects a syntax error in the last part to fail the whole import and to
// leave no rows.
func TestMultipartSyntaxError(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=50"}})
	u := startMultipartUpload(t, s, "application/x-ndjson", nil)
	u.mustPut(t, s, 1, tool.NDJSON(3_000, tool.Numbered))
	u.mustPut(t, s, 2, []byte(`{"tool_id": }`))
	op := u.finish(t, s)
	m := s.WaitFor(op, "Failed")
	expectCounts(t, m, client.Counts{})
	if m.Error == nil || m.Error.Code != "MalformedJson" || !strings.Contains(m.Error.Message, "line 3001, column 13") {
		t.Errorf("error is %+v, want MalformedJson at line 3001, column 13", m.Error)
	}
	expectPartsCleared(t, s)
	s.WaitForSQL(cleanupTimeout, "the chunks to be deleted", `SELECT NOT EXISTS (SELECT FROM xforce.task_chunks WHERE seq >= 0)`)
	expectTools(t, s, []tool.Tool{})
	for name, content := range map[string]string{"NoRecords": "\n \n", "EmptyBody": ""} {
		u := startMultipartUpload(t, s, "application/x-ndjson", nil)
		u.mustPut(t, s, 1, []byte(content))
		if m := s.WaitFor(u.finish(t, s), "Failed"); m.Error == nil || m.Error.Code != name {
			t.Errorf("upload of %q: error is %+v, want %s", content, m.Error, name)
		}
	}
}

// startSplit finishes an upload of many chunks and waits until an importer is splitting it.
func startSplit(t *testing.T, s *stack.Stack, records int) client.Accepted {
	t.Helper()
	u := startMultipartUpload(t, s, "application/x-ndjson", nil)
	for i, part := range splitRandomly(newRandom(t), tool.NDJSON(records, tool.Numbered), 4<<20) {
		u.mustPut(t, s, i+1, part)
	}
	op := u.finish(t, s)
	const splitting = `SELECT count(*) >= 20 FROM xforce.task_chunks c JOIN xforce.tasks t USING (task_id)
WHERE task_id = $1 AND total_chunks = 0`
	s.WaitForSQL(time.Minute, "the upload to be partly split", splitting, op.ID)
	return op
}

const splitRecords = 40_000

var smallChunks = []string{"LONGSHORE_CHUNK_RECORDS=40"}

// TestMultipartSplitSurvivesKill kills the importer while it splits an upload. Another one
// continues, and every record is imported once.
func TestMultipartSplitSurvivesKill(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: smallChunks})
	op := startSplit(t, s, splitRecords)
	s.KillImporter(0)
	if s.Number(`SELECT total_chunks FROM xforce.tasks WHERE task_id = $1`, op.ID) != 0 {
		t.Fatal("the upload was split before the fault: increase splitRecords")
	}
	s.FlushRedis()
	s.StartImporter(0)
	m := s.WaitFor(op, "Succeeded")
	expectCounts(t, m, client.Counts{Total: splitRecords, Created: splitRecords, Imported: splitRecords})
	if rows := s.Number(`SELECT count(*) FROM xforce.tools`); rows != splitRecords {
		t.Errorf("table has %d rows, want %d", rows, splitRecords)
	}
	expectPartsCleared(t, s)
}

// TestMultipartSplitCancelled cancels an upload while it is split. Nothing is imported, and its
// parts and chunks are deleted.
func TestMultipartSplitCancelled(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: smallChunks})
	op := startSplit(t, s, splitRecords)
	expectCounts(t, mustCancel(t, s, op), client.Counts{})
	expectPartsCleared(t, s)
	s.WaitForSQL(cleanupTimeout, "the chunks to be deleted", `SELECT NOT EXISTS (SELECT FROM xforce.task_chunks WHERE seq >= 0)`)
	expectTools(t, s, []tool.Tool{})
}
