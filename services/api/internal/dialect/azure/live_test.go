package azure_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

// house is the dialect over a real store and a real Redis.
type house struct {
	store    *store.Store
	notifier *queue.Notifier
	engine   *gin.Engine
}

func newHouse(t *testing.T) house {
	t.Helper()
	db, err := store.Open(t.Context(), storetest.NewDatabase(t), store.Options{Application: t.Name(), MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	notifier := queue.NewNotifier(queuetest.New(t).Queue)
	m := monitor.New(db, notifier, slog.New(slog.DiscardHandler), metrics.NewFinished(), 0)
	go m.Subscribe(t.Context())
	return house{store: db, notifier: notifier, engine: newEngine(t, m, db)}
}

// accept begins a report, which goes on when a test says so.
func (h house) accept(t *testing.T, labels map[string]string) *operation.Operation {
	t.Helper()
	op, err := h.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Report, Collection: "tools", Lanes: 1, Labels: labels, Request: json.RawMessage(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// advance takes a turn of a report and rings.
func (h house) advance(t *testing.T, op *operation.Operation, a store.Progress) {
	t.Helper()
	c := job.Chunk{OperationID: op.ID}
	if _, err := h.store.BeginAttempt(t.Context(), c, op.Kind); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.RunResumable(t.Context(), c, func(context.Context, *store.ResumableStep) (store.Progress, error) { return a, nil }); err != nil {
		t.Fatal(err)
	}
	if err := h.notifier.Publish(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
}

func (h house) do(t *testing.T, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, h.engine, method, path, header...)
}

// shown is what of a monitor these tests look at.
type shown struct {
	ID     string
	Status string
	Labels map[string]string
	Error  *operation.Failure
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
}

func TestCancelCanBeRepeatedAndTellsTheEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	op := h.accept(t, nil)
	for _, path := range []string{"/operations/" + op.ID.String() + ":cancel", "/status/" + op.ID.String() + "%3Acancel", "/operations/" + op.ID.String() + "%3acancel"} {
		w := h.do(t, http.MethodPost, path)
		got := decode[shown](t, w)
		if w.Code != http.StatusOK || got.ID != op.ID.String() || got.Status != "Canceled" || got.Error == nil || w.Header().Get("Retry-After") != "" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	op = h.accept(t, nil)
	h.advance(t, op, store.Progress{Done: true})
	if w := h.do(t, http.MethodPost, "/operations/"+op.ID.String()+":cancel"); w.Code != http.StatusConflict ||
		w.Header().Get("X-Ms-Error-Code") != "OperationFinished" {
		t.Errorf("too late: %d %s", w.Code, w.Body)
	}
}

func TestUnknownActionsListTheKnownOnes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	op := h.accept(t, nil)
	for _, end := range []string{"", ":", ":start", ":cancel:", ":CANCEL", "%2Fcancel"} {
		w := h.do(t, http.MethodPost, "/operations/"+op.ID.String()+end)
		if w.Code != http.StatusNotFound || end != "%2Fcancel" && !strings.Contains(w.Body.String(), `"actions":["cancel"]`) {
			t.Errorf("%s: %d %s", end, w.Code, w.Body)
		}
	}
	if w := h.do(t, http.MethodPost, "/operations/"+uuid.NewString()+":cancel"); w.Code != http.StatusNotFound {
		t.Errorf("of no operation: %d %s", w.Code, w.Body)
	}
	if got := decode[shown](t, h.do(t, http.MethodGet, "/operations/"+op.ID.String())); got.Status != "NotStarted" {
		t.Errorf("it is %s", got.Status)
	}
}

func TestDeleteCancelsThenPrunesThenIsGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	path := "/operations/" + h.accept(t, nil).ID.String()
	if w := h.do(t, http.MethodDelete, path); w.Code != http.StatusOK || decode[shown](t, w).Status != "Canceled" {
		t.Errorf("unfinished: %d %s", w.Code, w.Body)
	}
	if w := h.do(t, http.MethodDelete, path); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("finished: %d %s", w.Code, w.Body)
	}
	for method, end := range map[string]string{http.MethodDelete: "", http.MethodGet: "", http.MethodHead: "", http.MethodPost: ":cancel"} {
		if w := h.do(t, method, path+end); w.Code != http.StatusGone {
			t.Errorf("%s afterwards: %d %s", method, w.Code, w.Body)
		}
	}
	if w := h.do(t, http.MethodGet, path+"/events"); w.Code != http.StatusGone {
		t.Errorf("its events: %d %s", w.Code, w.Body)
	}
}

// answerTo asks beside the test, and returns where the answer comes.
func (h house) answerTo(t *testing.T, path string, header ...string) <-chan *httptest.ResponseRecorder {
	t.Helper()
	answers := make(chan *httptest.ResponseRecorder, 1)
	go func() { answers <- h.do(t, http.MethodGet, path, header...) }()
	return answers
}

func TestALongPollAnswersAtTheEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	op := h.accept(t, nil)
	end := h.answerTo(t, "/operations/"+op.ID.String(), "Prefer", "respond-async, wait=30")
	h.advance(t, op, store.Progress{Progress: 10})
	h.advance(t, op, store.Progress{Done: true})
	if w := <-end; decode[shown](t, w).Status != "Succeeded" || w.Header().Get("Preference-Applied") != "wait=30" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestALongPollAnswersAtTheNextChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	op := h.accept(t, nil)
	path := "/operations/" + op.ID.String()
	tag := h.do(t, http.MethodGet, path).Header().Get("ETag")
	change := h.answerTo(t, path, "Prefer", "wait=30", "If-None-Match", tag)
	h.advance(t, op, store.Progress{Progress: 10})
	if w := <-change; w.Code != http.StatusOK || decode[shown](t, w).Status != "Running" || w.Header().Get("ETag") == tag {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	tag = h.do(t, http.MethodGet, path).Header().Get("ETag")
	if w := h.do(t, http.MethodGet, path, "Prefer", "wait=1", "If-None-Match", tag); w.Code != http.StatusNotModified || w.Header().Get("Preference-Applied") != "wait=1" {
		t.Errorf("nothing happened: %d %v %s", w.Code, w.Header(), w.Body)
	}
	h.advance(t, op, store.Progress{Done: true})
	tag = h.do(t, http.MethodGet, path).Header().Get("ETag")
	if w := h.do(t, http.MethodGet, path, "Prefer", "wait=30", "If-None-Match", tag); w.Code != http.StatusNotModified {
		t.Errorf("nothing can happen any more: %d %v %s", w.Code, w.Header(), w.Body)
	}
}
