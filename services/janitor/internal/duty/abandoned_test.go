package duty

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/metrics"
)

// uploads is a store with abandoned uploads, one of which somebody holds.
type uploads struct {
	abandoned []uuid.UUID
	held      uuid.UUID
	dropped   map[uuid.UUID]bool
}

func (u *uploads) AbandonedUploads(context.Context, time.Duration) ([]uuid.UUID, error) {
	return u.abandoned, nil
}

func (u *uploads) DropUpload(ctx context.Context, id uuid.UUID) error {
	if id == u.held {
		<-ctx.Done()
		return ctx.Err()
	}
	u.dropped[id] = true
	return nil
}

func TestAHeldUploadDoesNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ids := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
		store := &uploads{abandoned: ids, held: ids[0], dropped: make(map[uuid.UUID]bool)}
		err := DropAbandoned(store, slog.New(slog.DiscardHandler), metrics.NewDuties(), time.Minute).Pass(t.Context())
		if err == nil || len(store.dropped) != 2 {
			t.Errorf("dropped %v, %v", store.dropped, err)
		}
	})
}

func TestAPassEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		passes := 0
		stuck := Duty{Name: "stuck", Every: time.Second, Pass: func(ctx context.Context) error {
			passes++
			<-ctx.Done()
			return ctx.Err()
		}}
		ended := make(chan struct{})
		go func() { Run(ctx, slog.New(slog.DiscardHandler), metrics.NewDuties(), stuck); close(ended) }()
		time.Sleep(5 * time.Minute) // the clock of the bubble
		synctest.Wait()
		stop()
		<-ended
		if passes < 8 {
			t.Errorf("%d passes in 5 minutes, each bounded by %v", passes, passTimeout)
		}
	})
}
