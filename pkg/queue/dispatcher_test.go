package queue_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

func TestDispatchIgnoresQueuedChunk(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	d := queue.NewDispatcher(r.Queue)
	c := job.Chunk{OperationID: uuid.New()}
	mustDispatch(t, d, c, queue.FirstDispatch)
	mustDispatch(t, d, c, queue.FirstDispatch)
	if got := r.Client.LLen(t.Context(), "asynq:{imports}:pending").Val(); got != 1 {
		t.Errorf("pending entries = %d, want 1", got)
	}
}

func TestDispatchAfterFlush(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	c := job.Chunk{OperationID: uuid.New(), Seq: 1}
	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.FirstDispatch)
	if err := r.Client.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if got := queued(t, r); len(got) != 0 {
		t.Errorf("Queued() after the flush = %v, want none", got)
	}
	mustDispatch(t, queue.NewDispatcher(r.Queue), c, queue.NewGeneration())
	if got := queued(t, r); !got[c] {
		t.Errorf("Queued() after another dispatch = %v, want %v", got, c)
	}
}

// TestDispatchTimeout: splitting 16 GiB takes longer than any step may.
func TestDispatchTimeout(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	d := queue.NewDispatcher(r.Queue)
	c := job.SplitOf(uuid.New())
	for kind, want := range map[job.Kind]time.Duration{job.Import: 5 * time.Minute, job.Split: 3 * time.Hour} {
		t.Run(string(kind), func(t *testing.T) {
			generation := queue.NewGeneration()
			if err := d.Dispatch(t.Context(), kind, c, generation); err != nil {
				t.Fatal(err)
			}
			info, err := asynq.NewInspectorFromRedisClient(r.Client).GetTaskInfo(kind.Queue(), c.String()+"."+string(generation))
			if err != nil {
				t.Fatal(err)
			}
			if info.Timeout != want {
				t.Errorf("timeout = %s, want %s", info.Timeout, want)
			}
		})
	}
}
