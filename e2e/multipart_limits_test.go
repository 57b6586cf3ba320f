package e2e_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

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
		t.Run(one.method+" "+one.path, func(t *testing.T) {
			resp := send(t, s, one.method, one.path, client.RequestBody{Type: "application/json"})
			expectProblem(t, resp, http.StatusNotFound, one.code)
		})
	}
	expectProblem(t, send(t, s, http.MethodPost, "/api/tools/import:upload-start", client.RequestBody{Type: "image/png"}),
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
