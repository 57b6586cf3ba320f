package queue_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

func mustDispatch(t *testing.T, d *queue.Dispatcher, c job.Chunk, g queue.Generation) {
	t.Helper()
	if err := d.Dispatch(t.Context(), job.Import, c, g); err != nil {
		t.Fatal(err)
	}
}

func queued(t *testing.T, r queuetest.Redis) map[job.Chunk]bool {
	t.Helper()
	chunks, err := queue.NewInspector(r.Queue).Queued(t.Context(), job.QueueImports)
	if err != nil {
		t.Fatal(err)
	}
	return chunks
}

// serve serves the queue of imports with one handler at a time and logs to out. The returned
// function stops the server, waits for it and checks its error; it runs at the end of the test at
// the latest.
func serve(t *testing.T, r queuetest.Redis, out io.Writer, handle queue.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() {
		stopped <- queue.Serve(ctx, r.Queue, slog.New(slog.NewTextHandler(out, nil)), queue.ServerOptions{
			Queue: job.QueueImports, Concurrency: 1, PollInterval: time.Millisecond, Grace: time.Minute,
		}, map[job.Kind]queue.Handler{job.Import: handle})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Errorf("Serve() = %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}
