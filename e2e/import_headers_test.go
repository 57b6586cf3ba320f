package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestPreferWait expects the 202 when the import has finished or the wait has elapsed, with the
// status of that moment.
func TestPreferWait(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_UPLOAD_GRACE=1s", "LONGSHORE_MAX_WAIT=20s"}})
	waiting := func(preference string) client.RequestBody {
		return client.RequestBody{Type: "application/json", Content: tool.SampleJSON, Header: http.Header{"Prefer": {preference}}}
	}
	resp := send(t, s, http.MethodPost, importPath, waiting("respond-async, wait=10"))
	done := readAccepted(t, resp)
	if done.Status != "COMPLETED" || resp.Header.Get("Preference-Applied") != "wait=10" || resp.Header.Get("Retry-After") != "" {
		t.Errorf("after %s: got %+v, headers %v, want COMPLETED with wait=10 applied", resp.Elapsed, done, resp.Header)
	}
	u := startMultipartUpload(t, s, "application/json", nil)
	u.mustPut(t, s, 1, tool.SampleJSON)
	resp = send(t, s, http.MethodPost, u.Finish, client.RequestBody{Header: http.Header{"Prefer": {"wait=10"}}})
	if op := readAccepted(t, resp); op.Status != "COMPLETED" || op.TotalRecords != 5 {
		t.Errorf("finish after %s: got %+v, want COMPLETED with 5 records", resp.Elapsed, op)
	}

	release := s.BlockWrites("xforce.tools")
	resp = send(t, s, http.MethodPost, importPath, waiting("wait=1"))
	op := readAccepted(t, resp)
	if op.Status != "IN_PROGRESS" || resp.Elapsed < time.Second || resp.Header.Get("Retry-After") == "" {
		t.Errorf("after %s: %+v, %v", resp.Elapsed, op, resp.Header)
	}
	// This wait is longer than the grace of an upload, which applies only while the body arrives.
	long := make(chan *client.Response)
	go func() {
		resp, err := s.Client().Do(t.Context(), http.MethodPost, importPath, waiting("wait=1000"))
		if err != nil {
			t.Error(err)
		}
		long <- resp
	}()
	s.WaitForSQL(rollbackTimeout, "an import to wait longer than the upload grace", `
SELECT max(sealed_at) < clock_timestamp() - interval '2 seconds' AND count(*) = 4 FROM xforce.tasks`)
	release()
	resp = <-long
	if t.Failed() {
		return
	}
	if op := readAccepted(t, resp); op.Status != "COMPLETED" || resp.Header.Get("Preference-Applied") != "wait=20" {
		t.Errorf("after %s: %+v, %v", resp.Elapsed, op, resp.Header)
	}
	s.WaitFor(op, "Succeeded")
}

// TestImportHeaders expects labels and retention to be stored with the operation, and invalid ones
// to be rejected.
func TestImportHeaders(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	body := client.RequestBody{
		Type: "application/json", Content: tool.SampleJSON,
		Header: http.Header{"Longshore-Labels": {"team=data, batch=7"}, "Longshore-Retention": {"2h"}},
	}
	s.WaitFor(s.Submit("tools", body), "Succeeded")
	const stored = `SELECT count(*) FROM xforce.tasks WHERE labels = '{"team": "data", "batch": "7"}' AND retention = interval '2 hours'`
	if n := s.Number(stored); n != 1 {
		t.Errorf("got %d operations with labels and retention, want 1", n)
	}
	for name, value := range map[string]string{"Longshore-Labels": "no pair", "Longshore-Retention": "1s"} {
		resp := send(t, s, http.MethodPost, importPath,
			client.RequestBody{Type: "application/json", Content: tool.SampleJSON, Header: http.Header{name: {value}}})
		expectProblem(t, resp, http.StatusBadRequest, "")
	}
}
