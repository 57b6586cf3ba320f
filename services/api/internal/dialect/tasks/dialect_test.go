package tasks_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tasks"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

var sealed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// monitor holds operations, and what was done to them.
type monitor struct {
	ops    []*operation.Operation
	did    []string
	filter store.Filter
	// tooLate lets an operation succeed just before it is cancelled.
	tooLate bool
	glances int
}

func (m *monitor) FindByNumber(_ context.Context, number int64) (*operation.Operation, error) {
	for _, op := range m.ops {
		switch {
		case op.Number != number:
		case op.Expired:
			return nil, fault.New(fault.Gone, "operation-expired", "It is gone.")
		default:
			found := *op
			return &found, nil
		}
	}
	return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
}

// PeekByNumber is FindByNumber that counts as no poll.
func (m *monitor) PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	m.glances++
	return m.FindByNumber(ctx, number)
}

func (m *monitor) List(_ context.Context, f store.Filter) (found []*operation.Operation, err error) {
	m.filter = f
	for _, op := range m.ops {
		below := f.Below == 0 || op.Number < f.Below
		if below && (f.States == nil || slices.Contains(f.States, op.State)) && len(found) < f.Limit {
			found = append(found, op)
		}
	}
	return found, nil
}

func (m *monitor) Cancel(_ context.Context, op *operation.Operation) (*operation.Operation, error) {
	m.did = append(m.did, "cancel")
	held := m.held(op)
	if m.tooLate {
		held.State = operation.Succeeded
		return nil, fault.New(fault.Conflict, "operation-finished", "It is finished.")
	}
	held.State = operation.Cancelled
	return held, nil
}

func (m *monitor) Prune(_ context.Context, op *operation.Operation) error {
	m.did = append(m.did, "prune")
	m.held(op).Expired = true
	return nil
}

func (m *monitor) Delete(ctx context.Context, op *operation.Operation) (*operation.Operation, bool, error) {
	if op.State.Terminal() {
		return op, false, m.Prune(ctx, op)
	}
	left, err := m.Cancel(ctx, op)
	return left, true, err
}

func (m *monitor) held(op *operation.Operation) *operation.Operation {
	return m.ops[slices.IndexFunc(m.ops, func(o *operation.Operation) bool { return o.Number == op.Number })]
}

// in is the import number 5 in a state; 7 of its 10 records are processed, or all if it succeeded.
func in(state operation.State) *operation.Operation {
	op := &operation.Operation{
		ID: uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976"), Reference: "HD6EKSD8DO9", Number: 5, Kind: operation.Import,
		Collection: "tools", State: state, Counts: operation.Counts{Total: 10, Created: 4, Updated: 1, Failed: 2}, SealedAt: sealed,
	}
	if state == operation.Succeeded {
		op.Counts = operation.Counts{Total: 10, Created: 5, Updated: 2, Superseded: 1, Failed: 2}
	}
	return op
}

// with is a monitor of operations.
func with(ops ...*operation.Operation) *monitor { return &monitor{ops: ops} }

// send sends a request to the dialect; header is names and values.
func send(t *testing.T, m *monitor, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	engine := gin.New()
	now := func() time.Time { return sealed.Add(3 * time.Second) }
	dialect, err := tasks.New(tasks.Deps{Monitor: m, Addresses: edge.NewAddresses("https://api.example"), Estimator: retryafter.New(now)})
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
	request := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for pair := range slices.Chunk(header, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, request)
	if keep := w.Header().Get("Cache-Control"); keep != "no-store" {
		t.Errorf("%s %s: Cache-Control is %q", method, path, keep)
	}
	return w
}

func ask(t *testing.T, m *monitor, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, m, http.MethodGet, path, header...)
}

// shown is the task of an answer.
func shown(t *testing.T, w *httptest.ResponseRecorder) (task struct {
	ID     int
	Status string
	Error  *operation.Failure
	Result map[string]map[string]any
},
) {
	t.Helper()
	wrapped := struct{ Task any }{&task}
	if err := json.Unmarshal(w.Body.Bytes(), &wrapped); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d, %v: %s", w.Code, err, w.Body)
	}
	return task
}

// expectProblem holds an answer against the problem that it should be.
func expectProblem(t *testing.T, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	if w.Code != status || w.Header().Get("X-Ms-Error-Code") != code || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("it is %d %s, want %d %s", w.Code, w.Body, status, code)
	}
}
