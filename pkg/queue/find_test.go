package queue_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

func find(t *testing.T, r queuetest.Redis, operation uuid.UUID) queue.FindResult {
	t.Helper()
	result, err := queue.NewInspector(r.Queue).Find(t.Context(), operation)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestFind checks that Find returns the operation's entries of every queue and state, and no
// others.
func TestFind(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	wanted := uuid.New()
	if got := find(t, r, wanted); len(got.Entries) != 0 || len(got.Truncated) != 0 {
		t.Errorf("Find() in an empty Redis = %+v, want none", got)
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
	next := time.Now().Add(time.Hour).Truncate(time.Second)
	if _, err := client.Enqueue(asynq.NewTask(string(job.Import), job.Entry{Chunk: first}.Encode()),
		asynq.Queue(job.QueueImports), asynq.ProcessAt(next), asynq.TaskID("later")); err != nil {
		t.Fatal(err)
	}
	id := wanted.String()
	want := queue.FindResult{Entries: []queue.Entry{
		{Queue: job.QueueImports, ID: id + ".0.0", State: "archived"},
		{Queue: job.QueueImports, ID: id + ".1.0", Chunk: 1, State: "pending"},
		{Queue: job.QueueImports, ID: id + ".2.0", Chunk: 2, State: "pending"},
		{Queue: job.QueueImports, ID: "later", State: "scheduled", Next: next},
		{Queue: job.QueueReports, ID: id + ".0.0", State: "pending"},
	}}
	got := find(t, r, wanted)
	slices.SortFunc(got.Entries, func(a, b queue.Entry) int { return strings.Compare(a.Queue+a.ID, b.Queue+b.ID) })
	if diff := cmp.Diff(want, got, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Errorf("Find() (-want +got):\n%s", diff)
	}
}

// TestFindTruncated fills a list beyond the limit.
func TestFindTruncated(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	c := job.Chunk{OperationID: uuid.New()}
	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch)
	const key = "asynq:{imports}:pending"
	entry := r.Client.LIndex(t.Context(), key, 0).Val()
	copies := slices.Repeat([]any{entry}, queue.FindLimit-1)
	if err := r.Client.LPush(t.Context(), key, copies...).Err(); err != nil {
		t.Fatal(err)
	}
	if got := find(t, r, c.OperationID); len(got.Truncated) != 0 || len(got.Entries) != queue.FindLimit {
		t.Errorf("Find() at the limit: %d entries, truncated %v, want %d, none", len(got.Entries), got.Truncated, queue.FindLimit)
	}
	if err := r.Client.LPush(t.Context(), key, entry).Err(); err != nil {
		t.Fatal(err)
	}
	if got, want := find(t, r, c.OperationID).Truncated, []string{"imports, pending"}; !slices.Equal(got, want) {
		t.Errorf("Find() beyond the limit: truncated %v, want %v", got, want)
	}
}

func TestFindWithoutRedis(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	if err := r.Queue.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := queue.NewInspector(r.Queue).Find(t.Context(), uuid.New()); err == nil {
		t.Errorf("Find() = %+v, want an error", got)
	}
}
