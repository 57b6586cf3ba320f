package monitor

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/operation"
)

// fakeOperation is an operation in memory, for tests with a fake clock.
type fakeOperation struct {
	watchers *watchers

	mu     sync.Mutex
	op     operation.Operation
	events []operation.Event
	reads  int
	err    error
}

func newFakeOperation() *fakeOperation {
	f := &fakeOperation{op: operation.Operation{ID: uuid.New(), Kind: operation.Import}}
	f.watchers = newWatchers(f.look)
	f.setState(operation.Waiting)
	return f
}

func (f *fakeOperation) watch() watch { return watch{f.watchers, f.op.ID, nil} }

func (f *fakeOperation) look(_ context.Context, after map[uuid.UUID]int) map[uuid.UUID]look {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	op := f.op
	l := look{op: &op, err: f.err}
	if revision := after[op.ID]; revision != noEvents {
		events := slices.Clone(f.events[min(revision, len(f.events)):])
		l.events = events[:min(eventsPage, len(events))]
	}
	return map[uuid.UUID]look{op.ID: l}
}

// setState adds a revision, without a notification.
func (f *fakeOperation) setState(state operation.State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.op.State = state
	f.op.Revision++
	f.events = append(f.events, operation.Event{Revision: f.op.Revision, State: state})
}

func (f *fakeOperation) setError(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fakeOperation) readCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reads
}

// current returns the operation as a request reads it before it waits.
func (f *fakeOperation) current() *operation.Operation {
	f.mu.Lock()
	defer f.mu.Unlock()
	op := f.op
	return &op
}

// asLocal returns the context of a request of the local principal.
func asLocal(t *testing.T) context.Context {
	t.Helper()
	return access.With(t.Context(), access.NewLocal())
}
