package queue_test

import (
	"context"
	"errors"
	"strings"
	"testing"

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
