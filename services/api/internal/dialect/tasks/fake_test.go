package tasks_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tasks"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

var sealed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fake is a monitor of some operations that records its calls.
type fake struct {
	ops    []*operation.Operation
	calls  []string
	filter store.Filter
	// tooLate makes an operation succeed just before it is cancelled.
	tooLate bool
	peeks   int
	// noChanges switches changes by GET off.
	noChanges bool
}

// newFake returns a fake with operations.
func newFake(ops ...*operation.Operation) *fake { return &fake{ops: ops} }

func (f *fake) FindByNumber(_ context.Context, number int64) (*operation.Operation, error) {
	for _, op := range f.ops {
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

// PeekByNumber counts its calls, which are no polls.
func (f *fake) PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	f.peeks++
	return f.FindByNumber(ctx, number)
}

func (f *fake) List(_ context.Context, filter store.Filter) (l store.Listing, err error) {
	f.filter = filter
	for _, op := range f.ops {
		below := filter.Below == 0 || op.Number < filter.Below
		if below && (filter.States == nil || slices.Contains(filter.States, op.State)) {
			if len(l.Operations) == filter.Limit {
				l.Next = l.Operations[filter.Limit-1].Number
				break
			}
			l.Operations = append(l.Operations, op)
		}
	}
	return l, nil
}

func (f *fake) Cancel(_ context.Context, op *operation.Operation) (*operation.Operation, error) {
	f.calls = append(f.calls, "cancel")
	stored := f.stored(op)
	if f.tooLate {
		stored.State = operation.Succeeded
		return nil, fault.New(fault.Conflict, "operation-finished", "It is finished.")
	}
	stored.State = operation.Cancelled
	return stored, nil
}

func (f *fake) Prune(_ context.Context, op *operation.Operation) error {
	f.calls = append(f.calls, "prune")
	f.stored(op).Expired = true
	return nil
}

func (f *fake) Delete(ctx context.Context, op *operation.Operation) (*operation.Operation, bool, error) {
	if op.State.Terminal() {
		return op, false, f.Prune(ctx, op)
	}
	left, err := f.Cancel(ctx, op)
	return left, true, err
}

func (f *fake) stored(op *operation.Operation) *operation.Operation {
	return f.ops[slices.IndexFunc(f.ops, func(o *operation.Operation) bool { return o.Number == op.Number })]
}

func (f *fake) checkCalls(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(f.calls, want) {
		t.Errorf("calls = %v, want %v", f.calls, want)
	}
}

// newOperation returns import number 5 in a state; 7 of its 10 records are processed, or all if it
// succeeded.
func newOperation(state operation.State) *operation.Operation {
	op := &operation.Operation{
		ID: uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976"), Reference: "HD6EKSD8DO9", Number: 5, Kind: operation.Import,
		Collection: "tools", State: state, Counts: operation.Counts{Total: 10, Created: 4, Updated: 1, Failed: 2}, SealedAt: sealed,
	}
	if state == operation.Succeeded {
		op.Counts = operation.Counts{Total: 10, Created: 5, Updated: 2, Superseded: 1, Failed: 2}
	}
	return op
}

// send sends a request; headers are alternating names and values.
func (f *fake) send(t *testing.T, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	now := func() time.Time { return sealed.Add(3 * time.Second) }
	dialect, err := tasks.New(tasks.Deps{Monitor: f, Addresses: edge.NewAddresses("https://api.example"), Estimator: retryafter.New(now), ChangesByGet: !f.noChanges})
	if err != nil {
		t.Fatal(err)
	}
	return edgetest.Send(t, edgetest.NewEngine(dialect.Routes()), method, path, "", headers...)
}

// get sends a GET.
func (f *fake) get(t *testing.T, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return f.send(t, http.MethodGet, path, headers...)
}

// shownTask are the members of a task that tests check.
type shownTask struct {
	ID     int
	Status string
	Error  *operation.Failure
	Result map[string]map[string]any
}

// decodeTask decodes a successful response.
func decodeTask(t *testing.T, w *httptest.ResponseRecorder) shownTask {
	t.Helper()
	edgetest.CheckStatus(t, w, http.StatusOK)
	return edgetest.Decode[struct{ Task shownTask }](t, w).Task
}

// checkTask checks the status of the task in a successful response.
func checkTask(t *testing.T, w *httptest.ResponseRecorder, status string) {
	t.Helper()
	if got := decodeTask(t, w).Status; got != status {
		t.Errorf("status = %q, want %q", got, status)
	}
}
