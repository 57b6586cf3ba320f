package queue_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/job"
)

// TestAnEntryThatIsParked is kept for people: it holds up nobody, and running it by hand does what the handler makes of it.
func TestAnEntryThatIsParked(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	c := job.Chunk{OperationID: uuid.New(), Seq: 3}
	said, handled, answers := make(lines, 100), make(chan job.Chunk, 3), make(chan error, 1)
	var failure error
	ended := make(chan struct{})
	t.Cleanup(func() { stop(); <-ended }) // before its Redis goes
	go func() {
		defer close(ended)
		failure = queue.Serve(ctx, r.Queue, slog.New(slog.NewTextHandler(said, nil)), queue.ServerOptions{
			Queue: job.QueueImports, Concurrency: 1, PollInterval: time.Millisecond, Grace: time.Minute,
		}, map[job.Kind]queue.Handler{job.Import: func(_ context.Context, c job.Chunk) error {
			handled <- c
			select {
			case err := <-answers:
				return err
			case <-t.Context().Done():
				return nil
			}
		}})
	}()
	taken := func() {
		t.Helper()
		select {
		case <-handled:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was given the entry")
		}
	}
	inspector := asynq.NewInspectorFromRedisClient(r.Client)
	standing := func() job.QueueStats {
		all, err := queue.NewInspector(r.Queue).Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	await := func(what string, holds func(job.QueueStats) bool) {
		t.Helper()
		looks := time.NewTicker(5 * time.Millisecond)
		defer looks.Stop()
		for deadline := time.Now().Add(10 * time.Second); !holds(standing()); {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain for %s: %+v", what, standing())
			}
			<-looks.C
		}
	}

	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch)
	answers <- &queue.ArchiveError{Code: "ChunkAbandoned", Err: errors.New("loading \"hush\"")}
	taken()
	await("the entry to be put aside", func(q job.QueueStats) bool { return q.Archived == 1 && q.Active == 0 })
	entries, err := inspector.ListArchivedTasks(job.QueueImports)
	if err != nil || len(entries) != 1 || entries[0].LastErr != "ChunkAbandoned" || !strings.HasPrefix(entries[0].ID, c.String()) {
		t.Fatalf("put aside: %+v, %v", entries, err)
	}
	if got := queued(t, r); len(got) != 0 {
		t.Errorf("queued: %v", got)
	}

	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch) // of an operation of the same id, long after
	answers <- nil
	taken()
	await("the entry of another operation to be done", func(q job.QueueStats) bool { return q.Active+q.Pending == 0 })

	if err := inspector.RunTask(job.QueueImports, entries[0].ID); err != nil {
		t.Fatal(err)
	}
	answers <- nil
	taken()
	await("the entry to be gone", func(q job.QueueStats) bool { return q.Archived+q.Active+q.Pending == 0 })
	if q := standing(); q.Processed != 3 || q.Failed != 1 || q.Name != job.QueueImports || q.Paused {
		t.Errorf("at the end: %+v", q)
	}
	stop()
	<-ended
	if failure != nil {
		t.Error(failure)
	}
	close(said)
	for line := range said {
		t.Errorf("the log says %s", line)
	}
}

func TestStandingTellsEveryQueue(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	mustDispatch(t, queue.NewDispatcher(r.Queue), job.Chunk{OperationID: uuid.New()}, queue.FirstDispatch)
	if err := asynq.NewInspectorFromRedisClient(r.Client).PauseQueue(job.QueueImports); err != nil {
		t.Fatal(err)
	}
	all, err := queue.NewInspector(r.Queue).Stats(t.Context())
	if err != nil || len(all) != len(job.Queues()) {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, q := range all {
		if got, is := q.Pending == 1 && q.Paused && q.Latency > 0, q.Name == job.QueueImports; got != is {
			t.Errorf("%+v", q)
		}
	}
}

func TestRedisTellsItsMemory(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	used, most, err := r.Queue.Memory(t.Context())
	if err != nil || used <= 0 || most < 0 {
		t.Errorf("%d of %d, %v", used, most, err)
	}
	if err := r.Queue.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Queue.Memory(t.Context()); err == nil {
		t.Error("a connection that is closed tells something")
	}
}
