package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
)

func (f fixture) events(t *testing.T, op *operation.Operation, after, limit int) []operation.Event {
	t.Helper()
	found, err := f.store.Events(t.Context(), map[uuid.UUID]int{op.ID: after}, limit)
	if err != nil {
		t.Fatal(err)
	}
	events := found[op.ID]
	for _, e := range events {
		if e.At.IsZero() || time.Since(e.At).Abs() > time.Minute {
			t.Errorf("At of revision %d = %s, want now", e.Revision, e.At)
		}
	}
	return events
}

func TestEventsHaveNoGaps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 30, 10)
	f.step(t, of(op, 0), operation.Created)
	f.step(t, of(op, 1), operation.Rejected)
	f.cancel(t, op)
	want := []operation.Event{
		{Revision: 1, State: operation.Waiting, Counts: operation.Counts{Total: 30}},
		{Revision: 2, State: operation.Running, Counts: operation.Counts{Total: 30}},
		{Revision: 3, Progress: 33, State: operation.Running, Counts: operation.Counts{Total: 30, Created: 10}},
		{Revision: 4, Progress: 66, State: operation.Running, Counts: operation.Counts{Total: 30, Created: 10, Failed: 10}},
		{Revision: 5, Progress: 66, State: operation.Cancelled, Counts: operation.Counts{Total: 30, Created: 10, Failed: 10}},
	}
	ignoreTime := cmpopts.IgnoreFields(operation.Event{}, "At")
	if diff := cmp.Diff(want, f.events(t, op, 0, maxRows), ignoreTime); diff != "" {
		t.Errorf("Events() (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[2:4], f.events(t, op, 2, 2), ignoreTime); diff != "" {
		t.Errorf("Events(2, 2) (-want +got):\n%s", diff)
	}
	if got := f.read(t, op.ID).Revision; got != 5 {
		t.Errorf("Revision = %d, want 5", got)
	}
	if got := f.events(t, op, 5, maxRows); len(got) != 0 {
		t.Errorf("Events() after the last revision = %+v, want none", got)
	}
}

func TestPolledIsNoEvent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, time.Second)
	if err := f.store.Polled(t.Context(), []uuid.UUID{op.ID}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := f.events(t, op, 0, maxRows); len(got) != 1 {
		t.Errorf("Events() = %+v, want 1", got)
	}
}

// The events of several operations are read at once, each after its own revision.
func TestEventsOfSeveralOperations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, second, other := f.seal(t, 1, 1, 1), f.seal(t, 1, 1, 1), f.seal(t, 1, 1, 1)
	f.cancel(t, first)
	f.cancel(t, second)
	f.cancel(t, other)
	found, err := f.store.Events(t.Context(), map[uuid.UUID]int{first.ID: 0, second.ID: 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[uuid.UUID][]int)
	for id, events := range found {
		for _, e := range events {
			got[id] = append(got[id], e.Revision)
		}
	}
	want := map[uuid.UUID][]int{first.ID: {1}, second.ID: {2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revisions of Events() (-want +got):\n%s", diff)
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, second := f.seal(t, 1, 1, 1), f.seal(t, 1, 1, 1)
	f.seal(t, 1, 1, 1)
	found, err := f.store.Operations(t.Context(), []uuid.UUID{first.ID, second.ID, uuid.New()})
	want := map[uuid.UUID]*operation.Operation{first.ID: f.read(t, first.ID), second.ID: f.read(t, second.ID)}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("Operations() (-want +got):\n%s", diff)
	}
}
