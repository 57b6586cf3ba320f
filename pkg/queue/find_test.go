package queue_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/job"
)

func find(t *testing.T, r queuetest.Redis, operation uuid.UUID) queue.Found {
	t.Helper()
	found, err := queue.NewInspector(r.Queue).Find(t.Context(), operation)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestFindSeesAnOperationsEntriesInEveryState: those of all queues, and nobody else's.
func TestFindSeesAnOperationsEntriesInEveryState(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	wanted := uuid.New()
	if found := find(t, r, wanted); len(found.Entries) != 0 || len(found.Cut) != 0 {
		t.Errorf("in an empty Redis: %+v", found)
	}
	d := queue.NewDispatcher(r.Queue)
	for _, id := range []uuid.UUID{wanted, uuid.New()} {
		for seq := range 3 {
			mustDispatch(t, d, job.Chunk{OperationID: id, Seq: seq}, queue.FirstDispatch)
		}
		if err := d.Dispatch(t.Context(), job.Report, job.Chunk{OperationID: id}, queue.FirstDispatch); err != nil {
			t.Fatal(err)
		}
	}
	first := job.Chunk{OperationID: wanted}
	inspector, client := asynq.NewInspectorFromRedisClient(r.Client), asynq.NewClientFromRedisClient(r.Client)
	if err := inspector.ArchiveTask(job.QueueImports, first.String()+".0"); err != nil {
		t.Fatal(err)
	}
	later := asynq.NewTask(string(job.Import), first.Encode())
	soon := time.Now().Add(time.Hour).Truncate(time.Second)
	if _, err := client.Enqueue(later, asynq.Queue(job.QueueImports), asynq.ProcessAt(soon), asynq.TaskID("later")); err != nil {
		t.Fatal(err)
	}
	found := find(t, r, wanted)
	id := wanted.String()
	want := []queue.Entry{
		{Queue: job.QueueImports, ID: id + ".0.0", State: "archived"},
		{Queue: job.QueueImports, ID: id + ".1.0", Chunk: 1, State: "pending"},
		{Queue: job.QueueImports, ID: id + ".2.0", Chunk: 2, State: "pending"},
		{Queue: job.QueueImports, ID: "later", State: "scheduled", Next: soon},
		{Queue: job.QueueReports, ID: id + ".0.0", State: "pending"},
	}
	slices.SortFunc(found.Entries, func(a, b queue.Entry) int {
		return strings.Compare(a.Queue+a.ID, b.Queue+b.ID)
	})
	if diff := cmp.Diff(want, found.Entries, cmp.Comparer(time.Time.Equal)); diff != "" || len(found.Cut) != 0 {
		t.Errorf("found (-want +got):\n%s\ncut %v", diff, found.Cut)
	}
}

// TestFindTellsWhatItHasNotLookedAt fills a list beyond the bound.
func TestFindTellsWhatItHasNotLookedAt(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	c := job.Chunk{OperationID: uuid.New()}
	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch)
	const key = "asynq:{imports}:pending"
	entry := r.Client.LIndex(t.Context(), key, 0).Val()
	copies := make([]any, queue.FindLimit-1)
	for i := range copies {
		copies[i] = entry
	}
	if err := r.Client.LPush(t.Context(), key, copies...).Err(); err != nil {
		t.Fatal(err)
	}
	if found := find(t, r, c.OperationID); len(found.Cut) != 0 || len(found.Entries) != queue.FindLimit {
		t.Errorf("at the bound: %d entries, cut %v", len(found.Entries), found.Cut)
	}
	if err := r.Client.LPush(t.Context(), key, entry).Err(); err != nil {
		t.Fatal(err)
	}
	if found := find(t, r, c.OperationID); !slices.Equal(found.Cut, []string{"imports, pending"}) {
		t.Errorf("beyond the bound: %d entries, cut %v", len(found.Entries), found.Cut)
	}
}

func TestFindWithoutRedis(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	if err := r.Queue.Close(); err != nil {
		t.Fatal(err)
	}
	if found, err := queue.NewInspector(r.Queue).Find(t.Context(), uuid.New()); err == nil {
		t.Errorf("found %+v", found)
	}
}
