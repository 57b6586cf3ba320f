package queue_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"

	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/pkg/job"
)

// Splitting 16 GiB takes longer than any step may.
func TestASplitMayTakeLong(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	d := queue.NewDispatcher(r.Queue)
	c := job.Chunk{OperationID: uuid.New(), Seq: job.SplitSeq}
	for kind, want := range map[job.Kind]time.Duration{job.Import: 5 * time.Minute, job.Split: 3 * time.Hour} {
		generation := queue.NewGeneration()
		if err := d.Dispatch(t.Context(), kind, c, generation); err != nil {
			t.Fatal(err)
		}
		info, err := asynq.NewInspectorFromRedisClient(r.Client).GetTaskInfo(kind.Queue(), c.String()+"."+string(generation))
		if err != nil {
			t.Fatal(err)
		}
		if info.Timeout != want {
			t.Errorf("%s may take %s, not %s", kind, info.Timeout, want)
		}
	}
}
