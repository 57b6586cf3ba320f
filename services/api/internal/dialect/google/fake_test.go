package google_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect/google"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/monitor"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

const path = "/v1/operations/01a201ca-08ae-76bd-94da-dcd44d595976"

var (
	id     = uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976")
	sealed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// fake is a monitor of one operation that records its calls.
type fake struct {
	op        operation.Operation
	cancelled bool
	pruned    bool
	filter    store.Filter
	cursor    string
	peeks     int
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

func (f *fake) Cancel(context.Context, *operation.Operation) (*operation.Operation, error) {
	if f.op.State.Terminal() {
		return nil, fault.New(fault.Conflict, "operation-finished", "It is finished.")
	}
	f.cancelled = true
	return &f.op, nil
}

func (f *fake) Prune(context.Context, *operation.Operation) error {
	if !f.op.State.Terminal() {
		return fault.New(fault.Conflict, "operation-unfinished", "It is not finished.")
	}
	f.pruned = true
	return nil
}

func (f *fake) Page(_ context.Context, filter store.Filter, cursor string) (monitor.Page, error) {
	f.filter, f.cursor = filter, cursor
	return monitor.Page{Operations: []*operation.Operation{&f.op}, Next: "more"}, nil
}

// newFake returns a fake with an import of ten records in a state.
func newFake(state operation.State) *fake {
	op := operation.Operation{
		ID: id, Kind: operation.Import, Collection: "tools", State: state, Counts: operation.Counts{Total: 10},
		CreatedAt: sealed, SealedAt: sealed, UpdatedAt: sealed,
	}
	if state.Terminal() {
		op.Counts = operation.Counts{Total: 10, Created: 8, Failed: 2}
		op.StartedAt, op.FinishedAt, op.ExpiresAt = sealed, sealed.Add(time.Second), sealed.Add(time.Hour)
	}
	return &fake{op: op}
}

func (f *fake) send(t *testing.T, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	dialect, err := google.New(google.Deps{
		Monitor: f, Addresses: edge.NewAddresses("https://api.example"), Estimator: retryafter.New(func() time.Time { return sealed }),
	})
	if err != nil {
		t.Fatal(err)
	}
	return edgetest.Send(t, edgetest.NewEngine(dialect.Routes()), method, path, "")
}
