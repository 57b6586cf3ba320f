package queue_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

// archiveFixture serves a queue whose handler returns the errors sent to replies.
type archiveFixture struct {
	redis   queuetest.Redis
	asynq   *asynq.Inspector
	handled chan job.Chunk
	replies chan error
}

// handle expects the handler to be called, and lets it return err.
func (f *archiveFixture) handle(t *testing.T, err error) {
	t.Helper()
	f.replies <- err
	select {
	case <-f.handled:
	case <-time.After(10 * time.Second):
		t.Fatal("the entry was not handled")
	}
}

func (f *archiveFixture) stats(t *testing.T) job.QueueStats {
	t.Helper()
	all, err := queue.NewInspector(f.redis.Queue).Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func (f *archiveFixture) await(t *testing.T, condition string, met func(job.QueueStats) bool) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(10 * time.Second); !met(f.stats(t)); <-poll.C {
		if time.Now().After(deadline) {
			t.Fatalf("timeout waiting for %s: %+v", condition, f.stats(t))
		}
	}
}

// TestArchiveError checks that an archived entry is kept, does not block another operation with the
// same id, and can be run by hand.
func TestArchiveError(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	f := &archiveFixture{
		redis: r, asynq: asynq.NewInspectorFromRedisClient(r.Client), handled: make(chan job.Chunk, 3),
		replies: make(chan error, 1),
	}
	logged := make(lineWriter, 100)
	stop := serve(t, r, logged, func(_ context.Context, e job.Entry) error {
		f.handled <- e.Chunk
		select {
		case err := <-f.replies:
			return err
		case <-t.Context().Done():
			return nil
		}
	})
	c := job.Chunk{OperationID: uuid.New(), Seq: 3}

	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch)
	f.handle(t, &queue.ArchiveError{Code: "ChunkAbandoned", Err: errors.New("loading \"hush\"")})
	f.await(t, "the archived entry", func(q job.QueueStats) bool { return q.Archived == 1 && q.Active == 0 })
	archived, err := f.asynq.ListArchivedTasks(job.QueueImports)
	if err != nil || len(archived) != 1 || archived[0].LastErr != "ChunkAbandoned" || !strings.HasPrefix(archived[0].ID, c.String()) {
		t.Fatalf("archived entries = %+v, %v, want one with ChunkAbandoned", archived, err)
	}
	if got := queued(t, r); len(got) != 0 {
		t.Errorf("Queued() = %v, want none", got)
	}

	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch) // of a later operation with the same id
	f.handle(t, nil)
	f.await(t, "the end of the second entry", func(q job.QueueStats) bool { return q.Active+q.Pending == 0 })

	if err := f.asynq.RunTask(job.QueueImports, archived[0].ID); err != nil {
		t.Fatal(err)
	}
	f.handle(t, nil)
	f.await(t, "the end of the archived entry", func(q job.QueueStats) bool { return q.Archived+q.Active+q.Pending == 0 })
	if q := f.stats(t); q.Processed != 3 || q.Failed != 1 || q.Name != job.QueueImports || q.Paused {
		t.Errorf("Stats() at the end = %+v, want 3 processed, 1 failed", q)
	}
	stop()
	close(logged)
	for line := range logged {
		t.Errorf("unexpected log line %s", line)
	}
}
