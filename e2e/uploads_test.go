package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

const (
	// rollbackTimeout bounds the time until the api has deleted what a broken upload staged.
	rollbackTimeout = 5 * time.Second
	// abandonedTimeout bounds the time until the upload of a killed api is deleted.
	abandonedTimeout = time.Minute
)

// shortUploadGrace makes the api allow an upload one second, and one more for every 200,000 bytes.
var shortUploadGrace = []string{
	"LONGSHORE_CHUNK_RECORDS=20", "LONGSHORE_UPLOAD_GRACE=1s", "LONGSHORE_MIN_UPLOAD_RATE=200000", "LONGSHORE_ABANDONED_AFTER=30s",
}

// TestUploadBroken breaks uploads off in every way. They are never visible and leave no rows.
// Meanwhile a slow upload, just above the minimum rate, takes longer than abandoned uploads are
// kept, and is accepted.
func TestUploadBroken(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: shortUploadGrace})
	abandoned := beginUpload(t, s, "application/x-ndjson", 0, tool.NDJSON(8_000, tool.Numbered))
	orphan := waitForReceiving(t, s)
	expectHidden(t, s, orphan)
	s.KillAPI()
	killed := time.Now()
	abandoned.Abort()
	s.StartAPI()
	expectHidden(t, s, orphan)
	slow := startSlowUpload(t, s)
	others := []string{orphan, waitForReceiving(t, s, orphan)}

	t.Run("cut_off", func(t *testing.T) {
		cutUpload(t, s.WithTB(t), others, 0, tool.NDJSON(3_000, tool.Numbered))
	})
	t.Run("cut_off_before_its_length", func(t *testing.T) {
		body := tool.NDJSON(3_000, tool.Numbered)
		cutUpload(t, s.WithTB(t), others, len(body)+1, body)
	})
	t.Run("syntax_error_in_the_last_line", func(t *testing.T) {
		body := append(tool.NDJSON(3_000, tool.Numbered), []byte(`{"tool_id": }`)...)
		u := beginUpload(t, s.WithTB(t), "application/x-ndjson", len(body), body)
		p := expectProblem(t, finalResponse(t, u), http.StatusBadRequest, "malformed-json")
		expectPosition(t, p, &position{line: 3_001, column: 13, row: 3_001, offset: int64(len(body)) - 1})
		expectRolledBack(t, s.WithTB(t), others)
	})
	t.Run("too_slow", func(t *testing.T) {
		u := beginUpload(t, s.WithTB(t), "application/x-ndjson", 0, tool.NDJSON(500, tool.Numbered))
		expectProblem(t, finalResponse(t, u), http.StatusRequestTimeout, "upload-too-slow")
		expectRolledBack(t, s.WithTB(t), others)
	})
	t.Run("too_slow_with_its_first_byte", func(t *testing.T) {
		u := beginUpload(t, s.WithTB(t), "application/json", 0, []byte(" "))
		expectProblem(t, finalResponse(t, u), http.StatusRequestTimeout, "upload-too-slow")
		expectRolledBack(t, s.WithTB(t), others)
	})

	s.WaitForSQL(abandonedTimeout-time.Since(killed), "the chunks of the killed api to be deleted", `
SELECT NOT EXISTS (SELECT FROM xforce.task_chunks WHERE task_id = $1) AND NOT EXISTS (SELECT FROM xforce.tasks WHERE task_id = $1)`, orphan)
	t.Logf("the upload of the killed api was deleted after %s", time.Since(killed))
	m := s.WaitFor(slow(), "Succeeded")
	if rows := s.Number(`SELECT count(*) FROM xforce.tools`); rows != m.Counts.Total {
		t.Errorf("table has %d rows, want %d", rows, m.Counts.Total)
	}
}

// beginUpload sends the start of a body.
func beginUpload(t *testing.T, s *stack.Stack, mediaType string, length int, content []byte) *client.Upload {
	t.Helper()
	upload, err := s.Client().BeginUpload(t.Context(), "tools", mediaType, length)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(upload.Abort)
	if err := upload.Send(content); err != nil {
		t.Fatal(err)
	}
	return upload
}

// waitForReceiving waits until an upload other than the given ones has staged chunks, and returns
// its id.
func waitForReceiving(t *testing.T, s *stack.Stack, others ...string) string {
	t.Helper()
	others = append([]string{}, others...) // not nil, which is NULL in SQL
	const staged = `FROM xforce.tasks t WHERE status = 'receiving' AND is_active AND task_id <> ALL ($1::uuid[])
		AND (SELECT count(*) FROM xforce.task_chunks c WHERE c.task_id = t.task_id) >= 10`
	s.WaitForSQL(rollbackTimeout, "an upload to be received", `SELECT count(*) = 1 `+staged, others)
	var id string
	if err := s.DB().QueryRow(t.Context(), `SELECT task_id::text `+staged, others).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// expectHidden expects no dialect to show an unsealed operation.
func expectHidden(t *testing.T, s *stack.Stack, id string) {
	t.Helper()
	var reference string
	if err := s.DB().QueryRow(t.Context(), `SELECT task_reference FROM xforce.tasks WHERE task_id = $1`, id).Scan(&reference); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/operations/" + id, "/status/" + id, "/operations/" + id + "/records",
		"/api/tools/import/status/" + reference,
	} {
		resp, err := s.Client().Get(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		expectProblem(t, resp, http.StatusNotFound, "operation-not-found")
	}
}

// cutUpload sends a body without its end, closes the connection and expects the upload to be rolled
// back.
func cutUpload(t *testing.T, s *stack.Stack, others []string, length int, body []byte) {
	t.Helper()
	upload := beginUpload(t, s, "application/x-ndjson", length, body)
	waitForReceiving(t, s, others...)
	upload.Abort()
	expectRolledBack(t, s, others)
}

// expectRolledBack expects no rows except those of the other uploads, which are not sealed.
func expectRolledBack(t *testing.T, s *stack.Stack, others []string) {
	t.Helper()
	s.WaitForSQL(rollbackTimeout, "the upload to be rolled back", `
SELECT NOT EXISTS (SELECT FROM xforce.tasks WHERE task_id <> ALL ($1::uuid[]))
  AND NOT EXISTS (SELECT FROM xforce.task_chunks WHERE task_id <> ALL ($1::uuid[])) AND NOT EXISTS (SELECT FROM xforce.tools)`, others)
}

// finalResponse waits for the response to an upload.
func finalResponse(t *testing.T, u *client.Upload) *client.Response {
	t.Helper()
	resp, err := u.Response(rollbackTimeout)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// startSlowUpload starts an upload just above the minimum rate. The returned function ends it and
// expects the 202.
func startSlowUpload(t *testing.T, s *stack.Stack) (end func() client.Accepted) {
	t.Helper()
	const pause, records = 100 * time.Millisecond, 100 // some 300 bytes each: 300,000 bytes in a second
	upload := beginUpload(t, s, "application/x-ndjson", 0, tool.NDJSON(records, tool.Numbered))
	ctx, stop := context.WithCancel(t.Context())
	sent, failed := records, error(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(pause)
		defer ticker.Stop()
		for failed == nil {
			select {
			case <-ticker.C:
				failed = upload.Send(tool.NDJSON(records, func(i int) tool.Tool { return tool.Numbered(sent + i) }))
				sent += records
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() client.Accepted {
		t.Helper()
		stop()
		<-done
		if failed != nil {
			t.Fatalf("slow upload: %v, want no error", failed)
		}
		if err := upload.End(); err != nil {
			t.Fatal(err)
		}
		op := mustBeAccepted(t, s, upload)
		if op.TotalRecords != sent {
			t.Errorf("accepted %d records, want %d", op.TotalRecords, sent)
		}
		return op
	}
}
