package limits_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/quota"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/limits"
)

// slowStore is a store whose writes of usage wait until the test lets them go on.
type slowStore struct {
	*store.Store

	begun, proceed chan struct{}
}

// AddUsage implements limits.Store.
func (s slowStore) AddUsage(ctx context.Context, a quota.Account, day time.Time, u quota.Usage) (ofTenant, ofKey quota.Usage, err error) {
	if u != (quota.Usage{}) {
		s.begun <- struct{}{}
		<-s.proceed
	}
	return s.Store.AddUsage(ctx, a, day, u)
}

// TestUsedDuringWrite: what is being written is used, and is not counted twice afterwards.
func TestUsedDuringWrite(t *testing.T) {
	t.Parallel()
	db := slowStore{storetest.Open(t, storetest.NewDatabase(t), store.Options{MaxConns: 4}), make(chan struct{}), make(chan struct{})}
	m := limits.NewMeters(db, quota.Limits{RequestsPerDay: 100}, slog.New(slog.DiscardHandler))
	a, err := m.Account(t.Context(), &access.Principal{Tenant: "t", ID: "k", KeyID: "k"})
	if err != nil || a == nil {
		t.Fatalf("Account() = %v, %v, want one", a, err)
	}
	used := func(want int64) {
		t.Helper()
		ofTenant, ofKey, err := m.Used(t.Context(), *a)
		if err != nil || ofTenant.Requests != want || ofKey.Requests != want {
			t.Errorf("Used() = %+v, %+v, %v, want %d requests", ofTenant, ofKey, err, want)
		}
	}
	used(0)
	m.Add(*a, quota.Usage{Requests: 3})
	used(3)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); m.Run(ctx) }()
	stop()
	<-db.begun
	m.Add(*a, quota.Usage{Requests: 2})
	used(5)
	close(db.proceed)
	<-ended
	used(5)
}
