package admission

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
)

func TestPoolRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit  Limit
		client string
		weight int64
		want   fault.Kind
	}{
		"within both":       {Limit{10, 5}, "b", 5, fault.Internal},
		"beyond the client": {Limit{10, 5}, "a", 2, fault.TooMany},
		"beyond the total":  {Limit{10, 0}, "b", 7, fault.Busy},
		"no limit":          {Limit{}, "a", 1 << 40, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPool("uploads", "uploads", tt.limit, metrics.NewAdmission())
			if err := p.take("a", 4); err != nil {
				t.Fatal(err)
			}
			err := p.take(tt.client, tt.weight)
			if err == nil {
				if tt.want != fault.Internal {
					t.Errorf("take() succeeded, want a fault of kind %d", tt.want)
				}
				return
			}
			if f := fault.Of(err); f.Kind != tt.want || f.Retry <= 0 {
				t.Errorf("take() = %v with Retry %s, want kind %d and a delay", err, f.Retry, tt.want)
			}
			if got := p.Used(); got != 4 {
				t.Errorf("Used() = %d after a refusal, want 4", got)
			}
		})
	}
}

func TestPoolWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool("memory", "bytes", Limit{Total: 10}, metrics.NewAdmission())
		if err := p.take("a", 8); err != nil {
			t.Fatal(err)
		}
		large, small := make(chan error, 1), make(chan error, 1)
		go func() { large <- p.takeWithin(t.Context(), "b", 9, time.Minute) }()
		go func() { small <- p.takeWithin(t.Context(), "c", 5, time.Minute) }()
		synctest.Wait()
		p.give("a", 4) // 4 of 10 are used: room for 5, not for 9
		if err := <-small; err != nil {
			t.Errorf("takeWithin(5) = %v, want it admitted although a larger one waits", err)
		}
		if err := <-large; !fault.Is(err, fault.Busy) {
			t.Errorf("takeWithin(9) = %v, want a fault of kind Busy after a minute", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.takeWithin(ctx, "d", 9, time.Minute); err == nil || fault.Is(err, fault.Busy) {
			t.Errorf("takeWithin() = %v, want the error of the context", err)
		}
		if got := p.Used(); got != 9 {
			t.Errorf("Used() = %d, want 9: who gave up must not be counted", got)
		}
	})
}

func TestRequestReturnsEverything(t *testing.T) {
	t.Parallel()
	g := New(Limits{
		Memory: 1 << 30, Uploads: Limit{Total: 9}, Downloads: Limit{Total: 9}, Waits: Limit{Total: 9}, Receipt: Limit{Total: 1 << 20},
	}, metrics.NewAdmission())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			ctx, r := g.Begin(t.Context(), "client")
			defer r.End()
			for _, err := range []error{
				r.Upload(ctx), r.Download(ctx, 1000), r.Wait(ctx), r.Receive(100), Of(ctx).Reserve(ctx, 7), r.ReserveDecoder(ctx, 9<<20),
			} {
				if err != nil {
					t.Errorf("not admitted: %v", err)
				}
			}
			r.EndWait()
			r.Free(1 << 40) // more than it has: only what it has is returned
			r.TryReserve(5)
		})
	}
	wg.Wait()
	for _, p := range []*Pool{g.Memory, g.Decoders, g.Uploads, g.Downloads, g.Waits, g.Receipt} {
		if p.Used() != 0 || len(p.clients) != 0 {
			t.Errorf("%s: %d used by %v after the end of all requests, want 0", p.name, p.Used(), p.clients)
		}
	}
}

// What only makes requests faster leaves room for what they need.
func TestTryReserveLeavesRoom(t *testing.T) {
	t.Parallel()
	g := New(Limits{Memory: 400}, metrics.NewAdmission()) // 300 without the cache
	ctx, r := g.Begin(t.Context(), "a")
	if !r.TryReserve(225) || r.TryReserve(1) {
		t.Error("TryReserve() does not end at 75 %")
	}
	if err := r.Reserve(ctx, 75); err != nil || !r.Short() {
		t.Errorf("Reserve() = %v, Short() = %t, want it admitted and short", err, r.Short())
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := metrics.NewAdmission()
	p := newPool("uploads", "uploads", Limit{Total: 1, Client: 1}, m)
	_ = p.take("a", 1)
	_ = p.take("a", 1)
	_ = p.take("b", 1)
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	got, err := testutil.GatherAndCount(registry, "longshore_admission_rejected_total")
	if err != nil || got != 2 {
		t.Errorf("%d series of rejections, %v, want 2: one of the client, one of the server", got, err)
	}
}
