package operations_test

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
	"github.com/longshore-io/longshore/services/api/internal/dialect/operations"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/pace"
	"github.com/longshore-io/longshore/services/api/internal/problem"
)

var (
	id     = uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976")
	sealed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// reader holds one operation and its records.
type reader struct {
	op         operation.Operation
	rejections []operation.Rejection
	records    []string
}

func (r *reader) Find(_ context.Context, wanted uuid.UUID) (*operation.Operation, error) {
	if wanted != r.op.ID {
		return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
	}
	return &r.op, nil
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

// ask sends a GET to the dialect; header is a name and a value, or nothing.
func ask(t *testing.T, r *reader, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	collections, err := collection.Load("")
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	now := func() time.Time { return sealed.Add(3 * time.Second) }
	for _, route := range operations.New(r, r, collections, edge.NewAddresses("https://api.example"), pace.New(now)).Routes() {
		engine.Handle(route.Method, route.Path, func(c *gin.Context) {
			if err := route.Handler(c); err != nil {
				problem.Write(c.Writer, c.Request, "req-1", err)
			}
		})
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for pair := range slices.Chunk(header, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, request)
	return w
}
