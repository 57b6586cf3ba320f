package azure_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/problem"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

var (
	id     = uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976")
	sealed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// reader holds one operation and its records. What changes operations is tested with a real store,
// in live_test.go.
type reader struct {
	azure.Monitor

	op         operation.Operation
	events     []operation.Event
	rejections []operation.Rejection
	records    []string
	glances    int
}

func (r *reader) Find(_ context.Context, wanted uuid.UUID) (*operation.Operation, error) {
	if wanted != r.op.ID {
		return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
	}
	return &r.op, nil
}

// Peek is Find that counts as no poll.
func (r *reader) Peek(ctx context.Context, wanted uuid.UUID) (*operation.Operation, error) {
	r.glances++
	return r.Find(ctx, wanted)
}

func (r *reader) Rejections(_ context.Context, _ uuid.UUID, _ int, visit func(operation.Rejection) error) error {
	for _, rejection := range r.rejections {
		if err := visit(rejection); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) Records(_ context.Context, _ uuid.UUID, _ operation.Outcome, visit func(int, []byte) error) error {
	for n, record := range r.records {
		if err := visit(n+1, []byte(record)); err != nil {
			return err
		}
	}
	return nil
}

// in is an operation of ten records in a state; two of them were rejected if it ended.
func in(state operation.State) operation.Operation {
	op := operation.Operation{
		ID: id, Reference: "HD6EKSD8DO9", Kind: operation.Import, Collection: "tools", State: state,
		Counts:    operation.Counts{Total: 10},
		CreatedAt: sealed, SealedAt: sealed, UpdatedAt: sealed,
	}
	if state.Terminal() {
		op.Counts = operation.Counts{Total: 10, Created: 5, Updated: 2, Superseded: 1, Failed: 2}
		op.StartedAt, op.FinishedAt = sealed.Add(time.Second), sealed.Add(2*time.Second)
		op.UpdatedAt = op.FinishedAt
	}
	return op
}

func (r *reader) Follow(_ context.Context, _ uuid.UUID, after int, _ time.Duration, tell func([]operation.Event) error) error {
	if err := tell(nil); err != nil {
		return err
	}
	return tell(r.events[after:])
}

// ask sends a GET to the dialect; header are names and values.
func ask(t *testing.T, r *reader, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, newEngine(t, r, r), http.MethodGet, path, header...)
}

func newEngine(t *testing.T, m azure.Monitor, s azure.Store) *gin.Engine {
	t.Helper()
	collections, err := collection.Load("")
	if err != nil {
		t.Fatal(err)
	}
	dialect, err := azure.New(azure.Deps{
		Monitor: m, Store: s, Collections: collections, Addresses: edge.NewAddresses("https://api.example"),
		Estimator: retryafter.New(func() time.Time { return sealed.Add(3 * time.Second) }), Policy: submission.Policy{MaxWait: time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	for _, route := range edge.WithHead(dialect.Routes()) {
		engine.Handle(route.Method, route.Path, func(c *gin.Context) {
			if err := route.Handler(c); err != nil {
				problem.Write(c.Writer, c.Request, "req-1", err)
			}
		})
	}
	return engine
}

func send(t *testing.T, engine *gin.Engine, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for pair := range slices.Chunk(header, 2) {
		request.Header.Add(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, request)
	return w
}
