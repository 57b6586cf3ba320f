package queue_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

// TestPrefix checks that an installation with a prefix sees nothing of one without, in the same Redis
// and the other way round: no entry, no statistic, no notification.
func TestPrefix(t *testing.T) {
	t.Parallel()
	r := queuetest.New(t)
	prefixed, err := queue.Open(config.Redis{URL: r.URL, Prefix: "blue"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = prefixed.Close() })
	chunks := map[*queue.Redis]job.Chunk{r.Queue: {OperationID: uuid.New()}, prefixed: {OperationID: uuid.New()}}
	names := map[*queue.Redis]string{r.Queue: "imports", prefixed: "blue-imports"}
	for pool, chunk := range chunks {
		if err := queue.NewDispatcher(pool).Dispatch(t.Context(), job.Import, chunk, queue.FirstDispatch); err != nil {
			t.Fatal(err)
		}
	}
	for pool, chunk := range chunks {
		t.Run(names[pool], func(t *testing.T) {
			inspector := queue.NewInspector(pool)
			got, err := inspector.Queued(t.Context(), job.QueueImports)
			if diff := cmp.Diff(map[job.Chunk]bool{chunk: true}, got); err != nil || diff != "" {
				t.Errorf("Queued() (-want +got), %v:\n%s", err, diff)
			}
			stats, err := inspector.Stats(t.Context())
			if err != nil || stats[0].Name != job.QueueImports || stats[0].Pending != 1 {
				t.Errorf("Stats() = %+v, %v, want one entry in imports", stats, err)
			}
			found, err := inspector.Find(t.Context(), chunk.OperationID)
			if err != nil || len(found.Entries) != 1 || found.Entries[0].Queue != names[pool] {
				t.Errorf("Find() = %+v, %v, want one entry in %s", found, err, names[pool])
			}
			for other, name := range names {
				if own := other == pool; pool.Owns(name) != own {
					t.Errorf("Owns(%q) = %t, want %t", name, !own, own)
				}
			}
		})
	}
	expectOwnNotifications(t, chunks)
}

// expectOwnNotifications publishes the operation of each pool until its subscriber has received it.
func expectOwnNotifications(t *testing.T, chunks map[*queue.Redis]job.Chunk) {
	t.Helper()
	for pool, chunk := range chunks {
		received := make(chan uuid.UUID, 100)
		go queue.NewNotifier(pool).Subscribe(t.Context(), func(id uuid.UUID) { received <- id })
		poll := time.NewTicker(10 * time.Millisecond)
		t.Cleanup(poll.Stop)
		for own := false; !own; {
			for publisher, published := range chunks {
				if err := queue.NewNotifier(publisher).Publish(t.Context(), published.OperationID); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case id := <-received:
				if own = id == chunk.OperationID; !own {
					t.Fatal("received a notification of the other installation")
				}
			case <-poll.C:
			}
		}
	}
}
