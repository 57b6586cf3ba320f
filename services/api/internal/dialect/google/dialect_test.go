package google_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect/google"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/problem"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

const path = "/v1/operations/01a201ca-08ae-76bd-94da-dcd44d595976"

var (
	id     = uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976")
	sealed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// watcher has one operation, and remembers what was asked of it.
type watcher struct {
	op        operation.Operation
	cancelled bool
	pruned    bool
	listed    store.Filter
	cursor    string
	glances   int
}

func (m *watcher) Find(_ context.Context, wanted uuid.UUID) (*operation.Operation, error) {
	if wanted != m.op.ID {
		return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
	}
	return &m.op, nil
}

// Peek is Find that counts as no poll.
func (m *watcher) Peek(ctx context.Context, wanted uuid.UUID) (*operation.Operation, error) {
	m.glances++
	return m.Find(ctx, wanted)
}

func (m *watcher) Cancel(context.Context, *operation.Operation) (*operation.Operation, error) {
	if m.op.State.Terminal() {
		return nil, fault.New(fault.Conflict, "operation-finished", "It is finished.")
	}
	m.cancelled = true
	return &m.op, nil
}

func (m *watcher) Prune(context.Context, *operation.Operation) error {
	if !m.op.State.Terminal() {
		return fault.New(fault.Conflict, "operation-unfinished", "It is not finished.")
	}
	m.pruned = true
	return nil
}

func (m *watcher) Page(_ context.Context, f store.Filter, cursor string) (monitor.Page, error) {
	m.listed, m.cursor = f, cursor
	return monitor.Page{Operations: []*operation.Operation{&m.op}, Next: "more"}, nil
}

// in is an import of ten records in a state.
func in(state operation.State) operation.Operation {
	op := operation.Operation{
		ID: id, Kind: operation.Import, Collection: "tools", State: state, Counts: operation.Counts{Total: 10},
		CreatedAt: sealed, SealedAt: sealed, UpdatedAt: sealed,
	}
	if state.Terminal() {
		op.Counts = operation.Counts{Total: 10, Created: 8, Failed: 2}
		op.StartedAt, op.FinishedAt, op.ExpiresAt = sealed, sealed.Add(time.Second), sealed.Add(time.Hour)
	}
	return op
}

func send(t *testing.T, m *watcher, method, address string) *httptest.ResponseRecorder {
	t.Helper()
	engine := gin.New()
	dialect, err := google.New(google.Deps{
		Monitor: m, Addresses: edge.NewAddresses("https://api.example"), Estimator: retryafter.New(func() time.Time { return sealed }),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range edge.WithHead(dialect.Routes()) {
		engine.Handle(route.Method, route.Path, func(c *gin.Context) {
			if err := route.Handler(c); err != nil {
				problem.Write(c.Writer, c.Request, "req-1", err)
			}
		})
	}
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, address, nil))
	return w
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
}

func TestAHeadIsNoPoll(t *testing.T) {
	t.Parallel()
	m := &watcher{op: in(operation.Running)}
	w := send(t, m, http.MethodHead, "/v1/operations/"+id.String())
	if w.Code != http.StatusOK || w.Header().Get("Retry-After") == "" || m.glances != 1 {
		t.Errorf("%d %v, %d glances", w.Code, w.Header(), m.glances)
	}
}
