package duty

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// remains is a store with so many rows on each tombstone; one tombstone is held by somebody, one is out of order.
type remains struct {
	rows         map[uuid.UUID]int
	held, broken uuid.UUID
	took         time.Duration
}

func (r *remains) Purgeable(context.Context, int) (ids []uuid.UUID, err error) {
	for id := range r.rows {
		ids = append(ids, id)
	}
	return ids, nil
}

func (r *remains) Purge(_ context.Context, id uuid.UUID) (int, error) {
	time.Sleep(r.took) // the clock of the bubble
	switch {
	case id == r.broken:
		return 0, errors.New("broken")
	case id == r.held, r.rows[id] == 0:
		return 0, nil
	}
	r.rows[id]--
	return 1, nil
}

func (r *remains) ClearableUploads(ctx context.Context, limit int) ([]uuid.UUID, error) {
	return r.Purgeable(ctx, limit)
}

func (r *remains) ClearSplit(ctx context.Context, id uuid.UUID) error {
	_, err := r.Purge(ctx, id)
	return err
}

func TestABrokenUploadDoesNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	store := &remains{rows: make(map[uuid.UUID]int), broken: uuid.New()}
	for range 20 {
		store.rows[uuid.New()] = 1
	}
	store.rows[store.broken] = 1
	err := ClearSplit(store, time.Second).Pass(t.Context())
	for id, left := range store.rows {
		if left != 0 && id != store.broken {
			t.Errorf("one is left: %v", err)
		}
	}
	if err == nil {
		t.Error("the broken one was not told")
	}
}

func TestReclaimGoesOnUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	one, two, held, broken := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	store := &remains{rows: map[uuid.UUID]int{one: 7, two: 1, held: 3, broken: 3}, held: held, broken: broken}
	err := Purge(store, slog.New(slog.DiscardHandler), time.Second).Pass(t.Context())
	if err == nil || store.rows[one] != 0 || store.rows[two] != 0 || store.rows[held] != 3 {
		t.Errorf("left %v, %v", store.rows, err)
	}
}

// TestReclaimEndsInGoodOrder: a tombstone on which much hangs takes many passes, and none of them is cut off.
func TestReclaimEndsInGoodOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		id, began := uuid.New(), time.Now()
		store := &remains{rows: map[uuid.UUID]int{id: 100_000}, took: 10 * time.Millisecond}
		if err := Purge(store, slog.New(slog.DiscardHandler), time.Second).Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took >= passTimeout || store.rows[id] > 99_000 {
			t.Errorf("it took %s and left %d rows", took, store.rows[id])
		}
	})
}

// forgotten is a store with operations that nobody asks for.
type forgotten struct{ ids []store.TimedOut }

func (f *forgotten) TimeOutUnpolled(_ context.Context, limit int) ([]store.TimedOut, error) {
	batch := f.ids[:min(limit, len(f.ids))]
	f.ids = f.ids[len(batch):]
	return batch, nil
}

// bell counts its rings, and is broken after the first.
type bell struct{ rings int }

func (b *bell) Publish(context.Context, uuid.UUID) error {
	b.rings++
	if b.rings > 1 {
		return errors.New("Redis is away")
	}
	return nil
}

func TestEveryTimeOutIsTold(t *testing.T) {
	t.Parallel()
	const all = expiryBatch + 3
	remains, bell, finished := &forgotten{}, &bell{}, metrics.NewFinished()
	for range all {
		remains.ids = append(remains.ids, store.TimedOut{ID: uuid.New(), Kind: operation.Search})
	}
	if err := TimeOutUnpolled(remains, bell, slog.New(slog.DiscardHandler), finished).Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(remains.ids) != 0 || bell.rings != all {
		t.Errorf("%d are left, the bell was rung %d times", len(remains.ids), bell.rings)
	}
	if n := testutil.ToFloat64(finished.WithLabelValues("search", "timed_out")); n != all {
		t.Errorf("%v were counted", n)
	}
}

// graveyard is a store in which so many expire and so many are old.
type graveyard struct{ due, old int }

func (g *graveyard) Expire(_ context.Context, limit int) ([]uuid.UUID, error) {
	n := min(limit, g.due)
	g.due -= n
	return make([]uuid.UUID, n), nil
}

func (g *graveyard) DeleteExpired(_ context.Context, age time.Duration, limit int) (int, error) {
	if age != time.Hour {
		return 0, errors.New("not the age of the configuration")
	}
	n := min(limit, g.old)
	g.old -= n
	return n, nil
}

func TestExpiryWorksInBatches(t *testing.T) {
	t.Parallel()
	store := &graveyard{due: 2*expiryBatch + 1, old: 2 * expiryBatch}
	log := slog.New(slog.DiscardHandler)
	for _, d := range []Duty{Expire(store, log, time.Second), DeleteExpired(store, log, time.Second, time.Hour)} {
		if err := d.Pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if store.due != 0 || store.old != 0 {
		t.Errorf("%d unexpired and %d unburied are left", store.due, store.old)
	}
}
