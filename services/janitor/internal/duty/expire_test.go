package duty

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/queuetest"
)

func TestExpireInBatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.insertFinished(t, 2*expireBatch+1, `finished_at = now() - interval '2 hours'`)
	f.insertFinished(t, 1, `finished_at = now()`)
	if err := Expire(f.db, f.log, time.Second).Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE is_active`); got != 1 {
		t.Errorf("%d operations are not expired, want 1", got)
	}
}

func TestDeleteExpiredInBatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.insertFinished(t, 2*expireBatch, `is_active = FALSE, reclaimed_at = now(), expires_at = now() - interval '2 hours'`)
	f.insertFinished(t, 1, `is_active = FALSE, reclaimed_at = now(), expires_at = now() - interval '30 minutes'`)
	f.exec(t, `DELETE FROM xforce.task_events`)
	if err := DeleteExpired(f.db, f.log, time.Second, time.Hour).Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.count(t, `SELECT count(*) FROM xforce.tasks`); got != 1 {
		t.Errorf("%d tombstones are left, want the one that is younger than an hour", got)
	}
}

// TestTimeOutUnpolled times out more than one batch, with Redis and without.
func TestTimeOutUnpolled(t *testing.T) {
	t.Parallel()
	const all = expireBatch + 3
	for name, redisDown := range map[string]bool{"Redis up": false, "Redis down": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, r := newFixture(t), queuetest.New(t)
			f.insertFinished(t, all, `status = 'waiting', finished_at = NULL, poll_deadline = now() - interval '1 second'`)
			changes := r.Client.Subscribe(t.Context(), "longshore:changes")
			t.Cleanup(func() { _ = changes.Close() })
			if _, err := changes.Receive(t.Context()); err != nil { // the confirmation of the subscription
				t.Fatal(err)
			}
			if redisDown {
				if err := r.Queue.Close(); err != nil {
					t.Fatal(err)
				}
			}
			finished := metrics.NewFinished()
			if err := TimeOutUnpolled(f.db, queue.NewNotifier(r.Queue), f.log, finished).Pass(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := f.count(t, `SELECT count(*) FROM xforce.tasks WHERE status = 'timed_out'`); got != all {
				t.Errorf("%d operations are timed out, want %d", got, all)
			}
			if got := testutil.ToFloat64(finished.WithLabelValues("search", "timed_out")); got != all {
				t.Errorf("longshore_operations_finished_total = %v, want %d", got, all)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			for n := 0; n < all && !redisDown; n++ {
				if _, err := changes.ReceiveMessage(ctx); err != nil {
					t.Fatalf("after %d of %d notifications: %v", n, all, err)
				}
			}
		})
	}
}
