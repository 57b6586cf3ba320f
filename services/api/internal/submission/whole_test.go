package submission_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// gatedQueue is a queue whose first request waits at a gate.
type gatedQueue struct {
	*queue.Dispatcher

	reached, gate chan struct{}
	first         sync.Once
	sizes         []int // the number of imports of each entry
}

func (q *gatedQueue) DispatchAfter(ctx context.Context, delay time.Duration, kind job.Kind, e job.Entry, g queue.Generation) error {
	q.first.Do(func() {
		close(q.reached)
		<-q.gate
	})
	q.sizes = append(q.sizes, len(e.Chunks()))
	return q.Dispatcher.DispatchAfter(ctx, delay, kind, e, g)
}

// TestDispatchWhole dispatches imports while another one is being queued: they share an entry, but no entry has more than
// 5,000 records, unless a single import has.
func TestDispatchWhole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		records []int
		want    []int
	}{
		"small imports":       {[]int{1, 5, 10, 1}, []int{1, 3}},
		"up to 5,000 records": {[]int{1, 3000, 2000, 1}, []int{1, 2, 1}},
		"a large one":         {[]int{1, 9000, 1}, []int{1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := queuetest.New(t)
			q := &gatedQueue{Dispatcher: queue.NewDispatcher(r.Queue), reached: make(chan struct{}), gate: make(chan struct{})}
			d := submission.NewSharedDispatcher(q, nil, config.Shares{}, slog.New(slog.DiscardHandler))
			var requests sync.WaitGroup
			for i, n := range tt.records {
				requests.Go(func() {
					op := &operation.Operation{ID: uuid.New(), Kind: operation.Import, Collection: "tools", Chunks: 1, Counts: operation.Counts{Total: n}}
					if err := d.DispatchWhole(t.Context(), op); err != nil {
						t.Error(err)
					}
				})
				if i == 0 {
					<-q.reached
				}
				for d.WaitingImports("tools") < i {
					select {
					case <-time.After(time.Millisecond):
					case <-t.Context().Done():
						t.Fatal("the imports do not wait")
					}
				}
			}
			close(q.gate)
			requests.Wait()
			if diff := cmp.Diff(tt.want, q.sizes); diff != "" {
				t.Errorf("imports in each entry (-want +got):\n%s", diff)
			}
			queued, err := queue.NewInspector(r.Queue).Queued(t.Context(), job.QueueImports)
			if err != nil || len(queued) != len(tt.records) {
				t.Errorf("%d chunks are queued, %v, want %d", len(queued), err, len(tt.records))
			}
		})
	}
}
