package queue_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/job"
)

func mustDispatch(t *testing.T, d *queue.Dispatcher, c job.Chunk, g queue.Generation) {
	t.Helper()
	if err := d.Dispatch(t.Context(), job.Import, c, g); err != nil {
		t.Fatal(err)
	}
}

func queued(t *testing.T, r queuetest.Redis) map[job.Chunk]bool {
	t.Helper()
	found, err := queue.NewInspector(r.Queue).Queued(job.QueueImports)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestQueuedFindsEveryEntry(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	if got := queued(t, r); len(got) != 0 {
		t.Errorf("in an empty Redis: %v", got)
	}
	d := queue.NewDispatcher(r.Queue)
	want := make(map[job.Chunk]bool)
	id := uuid.New()
	for seq := range 1005 { // more than a page
		c := job.Chunk{OperationID: id, Seq: seq}
		mustDispatch(t, d, c, queue.FirstDispatch)
		mustDispatch(t, d, c, queue.FirstDispatch) // again: no error, no second entry
		want[c] = true
	}
	if diff := cmp.Diff(want, queued(t, r)); diff != "" {
		t.Errorf("queued (-want +got):\n%s", diff)
	}
	if n := r.Client.LLen(t.Context(), "asynq:{imports}:pending").Val(); n != 1005 {
		t.Errorf("%d entries for 1005 chunks", n)
	}
}

func TestDispatchSurvivesAFlush(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	c := job.Chunk{OperationID: uuid.New(), Seq: 1}
	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch)
	if err := r.Client.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if got := queued(t, r); len(got) != 0 {
		t.Errorf("after the flush: %v", got)
	}
	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.NewGeneration())
	if got := queued(t, r); !got[c] {
		t.Errorf("dispatched anew, but queued is %v", got)
	}
}

func TestPayloadCarriesIDsOnly(t *testing.T) {
	t.Parallel()
	c := job.Chunk{OperationID: uuid.MustParse("01a201ae-643b-7032-9200-b75443fd8cd8"), Seq: 7}
	if got, want := string(c.Encode()), `{"task_id":"01a201ae-643b-7032-9200-b75443fd8cd8","chunk":7}`; got != want {
		t.Errorf("payload %s, want %s", got, want)
	}
	if back, err := job.DecodeChunk(c.Encode()); err != nil || back != c {
		t.Errorf("decoded %v, %v", back, err)
	}
	if _, err := job.DecodeChunk([]byte("nonsense")); err == nil {
		t.Error("nonsense was decoded")
	}
}

// lines hands on what a log writes.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestServeRetriesAndFinishesWhatIsInHand(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	c := job.Chunk{OperationID: uuid.New()}
	calls := make(chan job.Chunk)
	release := make(chan struct{})
	finished := make(chan struct{})
	handle := func(ctx context.Context, got job.Chunk) error {
		calls <- got
		select {
		case <-release:
		case <-ctx.Done():
			t.Error("the step in hand was cancelled")
		}
		close(finished)
		return nil
	}
	said := make(lines, 100)
	first := true
	served := make(chan error)
	go func() {
		served <- queue.Serve(ctx, r.Queue, slog.New(slog.NewTextHandler(said, nil)), queue.ServerOptions{
			Queue: job.QueueImports, Concurrency: 1, PollInterval: time.Millisecond, Grace: time.Minute,
		}, map[job.Kind]queue.Handler{job.Import: func(ctx context.Context, c job.Chunk) error {
			if first {
				first = false
				return &queue.RetryAfterError{Err: errors.New("not now")}
			}
			return handle(ctx, c)
		}})
	}()
	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch)
	if got := <-calls; got != c {
		t.Errorf("the handler got %v", got)
	}
	if line := <-said; !strings.Contains(line, "not now") || !strings.Contains(line, c.OperationID.String()) {
		t.Errorf("of the entry that came back the log says %q", line)
	}
	stop()
	close(release)
	<-finished
	if err := <-served; err != nil {
		t.Error(err)
	}
	if got := queued(t, r); len(got) != 0 {
		t.Errorf("left in the queue: %v", got)
	}
}

func TestOpenRefusesANonsenseAddress(t *testing.T) {
	t.Parallel()
	if _, err := queue.Open("http://localhost", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("opened")
	}
}
