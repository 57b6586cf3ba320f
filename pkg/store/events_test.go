package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
)

// seenEvent is what of an event does not depend on the clock.
type seenEvent struct {
	Revision, Progress int
	State              operation.State
	Counts             operation.Counts
}

func (f fixture) events(t *testing.T, op *operation.Operation, after, limit int) []seenEvent {
	t.Helper()
	events, err := f.store.Events(t.Context(), op.ID, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	var seen []seenEvent
	for _, e := range events {
		if e.At.IsZero() || time.Since(e.At).Abs() > time.Minute {
			t.Errorf("revision %d was at %s", e.Revision, e.At)
		}
		seen = append(seen, seenEvent{e.Revision, e.Progress, e.State, e.Counts})
	}
	return seen
}

func TestEventsAreTheWholeLifeWithoutAGap(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 30, 10)
	f.mustStep(t, of(op, 0), operation.Created)
	f.mustStep(t, of(op, 1), operation.Rejected)
	if _, err := f.store.Cancel(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	want := []seenEvent{
		{1, 0, operation.Waiting, operation.Counts{Total: 30}},
		{2, 0, operation.Running, operation.Counts{Total: 30}},
		{3, 33, operation.Running, operation.Counts{Total: 30, Created: 10}},
		{4, 66, operation.Running, operation.Counts{Total: 30, Created: 10, Failed: 10}},
		{5, 66, operation.Cancelled, operation.Counts{Total: 30, Created: 10, Failed: 10}},
	}
	if diff := cmp.Diff(want, f.events(t, op, 0, 100)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[2:4], f.events(t, op, 2, 2)); diff != "" {
		t.Errorf("a page of them (-want +got):\n%s", diff)
	}
	if last := f.mustRead(t, op.ID).Revision; last != 5 || f.events(t, op, last, 100) != nil {
		t.Errorf("after revision %d there is %+v", last, f.events(t, op, last, 100))
	}
}

func TestPollingIsNoEvent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, time.Second)
	if err := f.store.Polled(t.Context(), op.ID, time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := f.events(t, op, 0, 100); len(got) != 1 {
		t.Errorf("the events are %+v", got)
	}
}
