package duty

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

// chunks is a store in which certain chunks are due and one of them is in a worker's hands.
type chunks struct {
	due  []job.Chunk
	held job.Chunk
}

func (c chunks) DueChunks(context.Context, int) ([]job.Due, error) {
	due := make([]job.Due, len(c.due))
	for i, one := range c.due {
		due[i] = job.Due{Kind: job.Import, Chunk: one}
	}
	return due, nil
}

func (c chunks) Unlocked(_ context.Context, asked []job.Chunk) ([]job.Chunk, error) {
	return slices.DeleteFunc(slices.Clone(asked), func(one job.Chunk) bool { return one == c.held }), nil
}

func TestOnlyWhatIsMissedTwiceIsDispatched(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	id := uuid.New()
	lost, waiting, held := job.Chunk{OperationID: id, Seq: 1}, job.Chunk{OperationID: id, Seq: 2}, job.Chunk{OperationID: id, Seq: 3}
	if err := queue.NewDispatcher(r.Queue).Dispatch(t.Context(), job.Import, waiting, queue.FirstDispatch); err != nil {
		t.Fatal(err)
	}
	meters := metrics.NewDuties()
	d := Dispatch(chunks{[]job.Chunk{lost, waiting, held}, held}, r.Queue, slog.New(slog.DiscardHandler), meters, time.Second)
	pending := func() int64 { return r.Client.LLen(t.Context(), "asynq:{imports}:pending").Val() }
	for pass, want := range []int64{1, 2, 2, 2} {
		if err := d.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := pending(); got != want {
			t.Errorf("after pass %d: %d entries, want %d", pass+1, got, want)
		}
	}
	if err := r.Client.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for pass, want := range []int64{0, 2} {
		if err := d.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := pending(); got != want {
			t.Errorf("after a flush, pass %d: %d entries, want %d", pass+1, got, want)
		}
	}
	if queues := r.Client.SMembers(t.Context(), "asynq:queues").Val(); cmp.Diff([]string{"imports"}, queues) != "" {
		t.Errorf("after a flush asynq's tools see the queues %v", queues)
	}
}

func TestDutiesRepeatUntilTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		passes, meters := 0, metrics.NewDuties()
		d := Duty{Name: "count", Every: time.Second, Pass: func(context.Context) error {
			passes++
			return context.DeadlineExceeded // a failed pass does not end the duty
		}}
		ended := make(chan struct{})
		go func() { Run(ctx, slog.New(slog.DiscardHandler), meters, d); close(ended) }()
		time.Sleep(10 * time.Second) // the clock of the bubble
		synctest.Wait()
		stop()
		<-ended
		if passes < 9 || passes > 10 {
			t.Errorf("%d passes in 10 s", passes)
		}
	})
}
