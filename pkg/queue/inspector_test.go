package queue_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

func TestInspectorQueued(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	if got := queued(t, r); len(got) != 0 {
		t.Errorf("Queued() of an empty Redis = %v, want none", got)
	}
	d := queue.NewDispatcher(r.Queue)
	want := make(map[job.Chunk]bool)
	id := uuid.New()
	for seq := range 1005 { // more than a page
		c := job.Chunk{OperationID: id, Seq: seq}
		mustDispatch(t, d, c, queue.FirstDispatch)
		want[c] = true
	}
	if diff := cmp.Diff(want, queued(t, r)); diff != "" {
		t.Errorf("Queued() (-want +got):\n%s", diff)
	}
}

func TestInspectorStats(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	mustDispatch(t, queue.NewDispatcher(r.Queue), job.Chunk{OperationID: uuid.New()}, queue.FirstDispatch)
	if err := asynq.NewInspectorFromRedisClient(r.Client).PauseQueue(job.QueueImports); err != nil {
		t.Fatal(err)
	}
	all, err := queue.NewInspector(r.Queue).Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []job.QueueStats
	for _, q := range all {
		if (q.Latency > 0) != (q.Name == job.QueueImports) {
			t.Errorf("Stats() latency of %s = %v", q.Name, q.Latency)
		}
		q.Latency = 0
		got = append(got, q)
	}
	want := []job.QueueStats{
		{Name: job.QueueImports, Pending: 1, Paused: true}, {Name: job.QueueSplits}, {Name: job.QueueSearches}, {Name: job.QueueReports},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Stats() (-want +got):\n%s", diff)
	}
}
