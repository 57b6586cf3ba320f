package monitor

import (
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

// fakeOperation is an operation in memory, for tests with a fake clock.
type fakeOperation struct {
	watchers watchers

	mu     sync.Mutex
	op     operation.Operation
	events []operation.Event
	reads  int
	err    error
}

func newFakeOperation() *fakeOperation {
	f := &fakeOperation{watchers: newWatchers(), op: operation.Operation{ID: uuid.New(), Kind: operation.Import}}
	f.setState(operation.Waiting)
	return f
}

func (f *fakeOperation) watch() watch {
	return watch{watchers: f.watchers, id: f.op.ID, find: f.find, events: f.eventsAfter}
}

func (f *fakeOperation) find(context.Context) (*operation.Operation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	op := f.op
	return &op, f.err
}

func (f *fakeOperation) eventsAfter(_ context.Context, after int) ([]operation.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	events := slices.Clone(f.events[min(after, len(f.events)):])
	return events[:min(eventsPage, len(events))], nil
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
