package worker_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/worker"
)

// TestAClientsMistakeIsNoErrorOfOurs: it is told as information and counted apart, by its code alone; its message, which may quote the client, stays
// where the client finds it.
func TestAClientsMistakeIsNoErrorOfOurs(t *testing.T) {
	t.Parallel()
	why := operation.Failure{Code: "InvalidQuery", Message: `The database can't read "hush".`}
	for name, try := range map[string]worker.Process{
		"found before the step": failing(&worker.ClientError{Failure: why}),
		"found by the step": func(context.Context, job.Chunk, store.Attempt) (store.Committed, error) {
			return store.Committed{State: operation.Failed, Failure: &why}, nil
		},
	} {
		b := setupFor(t, "request-9")
		var out told
		err := b.teller(t, &out, try).ProcessChunk(t.Context(), b.chunk)
		mustPark(t, err)
		if err == nil || err.Error() != why.Code {
			t.Errorf("%s: it is put aside for %q", name, err)
		}
		want := []map[string]any{{
			"msg": "operation failed", "operation": b.chunk.OperationID.String(), "request_id": "request-9", "chunk": 0.0, "code": "InvalidQuery",
		}}
		if diff := cmp.Diff(want, out.lines(t, slog.LevelInfo)); diff != "" || len(out.lines(t, slog.LevelError)) != 0 || strings.Contains(out.log.String(), "hush") {
			t.Errorf("%s: the log (-want +got):\n%s\n%s", name, diff, &out.log)
		}
		failed, _ := out.count(t, out.finished, map[string]string{"kind": "search", "state": "failed"})
		refused, _ := out.count(t, out.steps, map[string]string{"kind": "search:step", "result": "refused"})
		ended, _ := out.count(t, out.steps, map[string]string{"kind": "search:step", "result": "ended"})
		if failed != 1 || refused != 1 || ended != 0 {
			t.Errorf("%s: %d failed, %d refused, %d ended", name, failed, refused, ended)
		}
	}
}
