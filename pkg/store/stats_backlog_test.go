package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestBacklog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	waiting := f.seal(t, 4, 20, 2) // ten chunks, four lanes
	running := f.start(t, 4, 6, 2)
	f.step(t, of(running, 0), operation.Created)
	f.step(t, of(running, 1), operation.Created)
	finished := f.start(t, 4, 2, 2)
	f.step(t, of(finished, 0), operation.Created)
	search := f.labelled(t, nil)
	f.exec(t, `UPDATE xforce.tasks SET started_at = clock_timestamp() - interval '4 seconds', status = 'running' WHERE task_id = ANY ($1)`,
		[]uuid.UUID{running.ID, search.ID})
	f.exec(t, `UPDATE xforce.task_chunks SET steps = 8 WHERE task_id = $1`, search.ID)

	got, err := f.store.Backlog(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0, 0.5, 2} {
		if i < len(got) {
			if got[i].Speed > want || got[i].Speed < want/2 { // time passes between the statements
				t.Errorf("Speed of load %d = %v, want about %v", i, got[i].Speed, want)
			}
			got[i].Speed = 0
		}
	}
	want := []store.QueueLoad{
		{Kind: operation.Import, Number: waiting.Number, Queued: 4, Remaining: 10},
		{Kind: operation.Import, Number: running.Number, Queued: 1, Remaining: 1},
		{Kind: operation.Search, Number: search.Number, Queued: 1, Remaining: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Backlog() (-want +got):\n%s", diff)
	}
	if first, err := f.store.Backlog(t.Context(), 1); err != nil || len(first) != 1 || first[0].Number != waiting.Number {
		t.Errorf("Backlog(1) = %+v, %v, want number %d", first, err, waiting.Number)
	}
}

func TestBacklogLimitsSpeed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 1, 2, 1)
	f.step(t, of(op, 0), operation.Created)
	got, err := f.store.Backlog(t.Context(), 10)
	if err != nil || len(got) != 1 || got[0].Speed > 1 || got[0].Speed <= 0 {
		t.Errorf("Backlog() of an operation that has just started = %+v, %v, want a speed of at most 1", got, err)
	}
}
