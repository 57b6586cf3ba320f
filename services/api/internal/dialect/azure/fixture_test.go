package azure_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// fixture is the dialect with a real store, monitor and Redis.
type fixture struct {
	store    *store.Store
	notifier *queue.Notifier
	engine   *gin.Engine
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db := storetest.Open(t, storetest.NewDatabase(t), store.Options{Application: t.Name(), MaxConns: 8})
	notifier := queue.NewNotifier(queuetest.New(t).Queue)
	m := monitor.New(db, notifier, slog.New(slog.DiscardHandler), metrics.NewFinished(), 0)
	go m.Subscribe(t.Context())
	return &fixture{store: db, notifier: notifier, engine: newEngine(t, m, db)}
}

// accept stores a report; step continues it.
func (f *fixture) accept(t *testing.T, labels map[string]string) *operation.Operation {
	t.Helper()
	op, err := f.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Report, Collection: "tools", Lanes: 1, Labels: labels, Request: json.RawMessage(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// step runs one step of a report and publishes the change.
func (f *fixture) step(t *testing.T, op *operation.Operation, progress store.Progress) {
	t.Helper()
	c := job.Chunk{OperationID: op.ID}
	if _, err := f.store.BeginAttempt(t.Context(), c, op.Kind); err != nil {
		t.Fatal(err)
	}
	_, err := f.store.RunResumable(t.Context(), c, func(context.Context, *store.ResumableStep) (store.Progress, error) { return progress, nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := f.notifier.Publish(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
}

// send sends a request; headers are alternating names and values.
func (f *fixture) send(t *testing.T, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return edgetest.Send(t, f.engine, method, path, "", headers...)
}

// shownStatus are the members of a status monitor that tests check.
type shownStatus struct {
	ID     string
	Status string
	Labels map[string]string
	Error  *operation.Failure
}

// checkStatus checks the word in a status monitor, and returns it.
func checkStatus(t *testing.T, w *httptest.ResponseRecorder, want string) shownStatus {
	t.Helper()
	got := edgetest.Decode[shownStatus](t, w)
	if got.Status != want {
		t.Errorf("status = %q, want %q: %d %s", got.Status, want, w.Code, w.Body)
	}
	return got
}
