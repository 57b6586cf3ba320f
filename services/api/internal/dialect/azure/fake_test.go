package azure_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/azure"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

var (
	id     = uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976")
	sealed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// fake has one operation and its records, for tests of what is shown. Changes of operations are
// tested with a real store (fixture).
type fake struct {
	azure.Monitor

	op         operation.Operation
	events     []operation.Event
	rejections []operation.Rejection
	records    []string
	peeks      int
}

func (f *fake) Find(_ context.Context, id uuid.UUID) (*operation.Operation, error) {
	if id != f.op.ID {
		return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
	}
	return &f.op, nil
}

// Peek counts its calls, which are no polls.
func (f *fake) Peek(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	f.peeks++
	return f.Find(ctx, id)
}

func (f *fake) Rejections(_ context.Context, _ uuid.UUID, _ int, visit func(operation.Rejection) error) error {
	for _, rejection := range f.rejections {
		if err := visit(rejection); err != nil {
			return err
		}
	}
	return nil
}

func (f *fake) Records(_ context.Context, _ uuid.UUID, _ operation.Outcome, visit func(int, []byte) error) error {
	for n, record := range f.records {
		if err := visit(n+1, []byte(record)); err != nil {
			return err
		}
	}
	return nil
}

// Follow sends a heartbeat, and then the events.
func (f *fake) Follow(_ context.Context, _ uuid.UUID, after int, _ time.Duration, send func([]operation.Event) error) error {
	if err := send(nil); err != nil {
		return err
	}
	if after > len(f.events) {
		after = 0 // as the monitor does
	}
	return send(f.events[after:])
}

// newOperation returns an import of ten records in a state; two of them were rejected if it ended.
func newOperation(state operation.State) operation.Operation {
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

func newEngine(t *testing.T, monitor azure.Monitor, store azure.Store) *gin.Engine {
	t.Helper()
	collections := collectiontest.Shipped(t)
	dialect, err := azure.New(azure.Deps{
		Monitor: monitor, Store: store, Collections: collections.Catalog, Addresses: edge.NewAddresses("https://api.example"),
		Estimator: retryafter.New(func() time.Time { return sealed.Add(3 * time.Second) }), Policy: submission.Policy{MaxWait: time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	return edgetest.NewEngine(dialect.Routes())
}

// get sends a GET; headers are alternating names and values.
func (f *fake) get(t *testing.T, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return edgetest.Send(t, newEngine(t, f, f), http.MethodGet, path, "", headers...)
}

// head sends a HEAD.
func (f *fake) head(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	return edgetest.Send(t, newEngine(t, f, f), http.MethodHead, path, "")
}
