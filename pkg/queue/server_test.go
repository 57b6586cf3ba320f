package queue_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

// lineWriter is a log's output that sends each line.
type lineWriter chan string

func (l lineWriter) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestServeRetriesAndAwaitsHandlers(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	c := job.Chunk{OperationID: uuid.New()}
	logged, started, release := make(lineWriter, 100), make(chan job.Chunk), make(chan struct{})
	first, finished := true, false
	stop := serve(t, r, logged, func(ctx context.Context, e job.Entry) error {
		if first {
			first = false
			return &queue.RetryAfterError{Err: errors.New("not now")}
		}
		started <- e.Chunk
		select {
		case <-release:
		case <-ctx.Done():
			t.Error("the running handler was cancelled")
		}
		finished = true
		return nil
	})
	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch)
	if got := <-started; got != c {
		t.Errorf("handled %v, want %v", got, c)
	}
	if line := <-logged; !strings.Contains(line, "not now") || !strings.Contains(line, c.OperationID.String()) {
		t.Errorf("log of the retry = %q, want the error and the operation", line)
	}
	close(release)
	stop()
	if !finished {
		t.Error("Serve() did not wait for the running handler")
	}
	if got := queued(t, r); len(got) != 0 {
		t.Errorf("Queued() = %v, want none", got)
	}
}

// TestServeIsWoken checks that an idle server with a long interval processes an entry as soon as it is dispatched.
func TestServeIsWoken(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	handled, stopped := make(chan job.Chunk), make(chan error, 1)
	go func() {
		stopped <- queue.Serve(ctx, r.Queue, slog.New(slog.DiscardHandler), queue.ServerOptions{
			Queue: job.QueueImports, Concurrency: 1, PollInterval: time.Hour, Grace: time.Minute,
		}, map[job.Kind]queue.Handler{job.Import: func(_ context.Context, e job.Entry) error { handled <- e.Chunk; return nil }})
	}()
	const channel = "longshore:changes"
	subscribers := func() int64 { return r.Client.PubSubNumSub(t.Context(), channel).Val()[channel] }
	for subscribers() == 0 {
		select {
		case <-time.After(time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("the server did not subscribe")
		}
	}
	d := queue.NewDispatcher(r.Queue)
	for seq := range 3 {
		c := job.Chunk{OperationID: uuid.New(), Seq: seq}
		mustDispatch(t, d, c, queue.FirstDispatch)
		if got := <-handled; got != c {
			t.Errorf("handled %v, want %v", got, c)
		}
	}
	cancel()
	if err := <-stopped; err != nil {
		t.Errorf("Serve() = %v", err)
	}
}

// TestMarkAttempt checks that the second delivery of an entry is recognized, and that nothing of the mark stays.
func TestMarkAttempt(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	d := queue.NewDispatcher(r.Queue)
	marks := make(chan bool, 2)
	stop := serve(t, r, io.Discard, func(ctx context.Context, _ job.Entry) error {
		first, err := d.MarkAttempt(ctx)
		if err != nil {
			t.Error(err)
		}
		marks <- first
		if first {
			return &queue.RetryAfterError{Err: errors.New("again")}
		}
		return nil
	})
	mustDispatch(t, d, job.Chunk{OperationID: uuid.New()}, queue.FirstDispatch)
	if first, second := <-marks, <-marks; !first || second {
		t.Errorf("MarkAttempt() = %t and %t, want true and false", first, second)
	}
	stop()
	if keys := r.Client.Keys(t.Context(), "*:t:*").Val(); len(keys) > 0 {
		t.Errorf("keys of entries = %q, want none", keys)
	}
	if _, err := d.MarkAttempt(t.Context()); err == nil {
		t.Error("MarkAttempt() outside of a handler succeeded, want an error")
	}
}
