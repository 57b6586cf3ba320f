// Package limits limits what the principals of tenants and keys use, and shows it to them. Requests and bytes are
// counted in memory and written to Postgres every second; package store counts records and operations in the
// transactions that accept them.
package limits

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/quota"
	"github.com/longshore-io/longshore/pkg/store"
)

// Store stores limits and usage. *store.Store implements it.
type Store interface {
	TenantLimits(ctx context.Context) (map[string]quota.Limits, error)
	AddUsage(ctx context.Context, a quota.Account, day time.Time, u quota.Usage) (ofTenant, ofKey quota.Usage, err error)
	Occupied(ctx context.Context, a quota.Account) (ofTenant, ofKey store.Occupied, err error)
}

const (
	// interval is how often usage is written and limits are read.
	interval = time.Second
	// measureInterval is how often it is measured what operations occupy.
	measureInterval = 2 * time.Second
	// maxMeters bounds the accounts in memory.
	maxMeters = 10_000
)

// Meters count what accounts use. They are safe for concurrent use.
type Meters struct {
	store    Store
	log      *slog.Logger
	defaults quota.Limits

	mu      sync.Mutex
	tenants map[string]quota.Limits
	readAt  time.Time
	meters  map[accountKey]*meter
}

type accountKey struct{ tenant, key string }

// meter is what an account has used.
type meter struct {
	account quota.Account
	// day is the day of the counts.
	day time.Time
	// ofTenant and ofKey are what Postgres had when it was read last; unwritten is what was used since, and
	// inFlight what is being written.
	ofTenant, ofKey, unwritten, inFlight quota.Usage
	readAt                               time.Time
	// occupied is what the operations of the tenant and of the key occupied at measuredAt.
	occupied   [2]store.Occupied
	measuredAt time.Time
	// writing is closed when the write in progress is finished; nil if there is none.
	writing chan struct{}
}

// NewMeters returns meters. defaults are the limits of tenants without limits of their own. Run must run
// meanwhile.
func NewMeters(s Store, defaults quota.Limits, log *slog.Logger) *Meters {
	return &Meters{store: s, log: log, defaults: defaults, meters: make(map[accountKey]*meter)}
}

// Run writes usage every second until ctx ends, and then once more.
func (m *Meters) Run(ctx context.Context) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			m.writeAll(ctx)
		case <-ctx.Done():
			m.writeAll(context.WithoutCancel(ctx))
			return
		}
	}
}

// writeAll writes what was used since the last time, and forgets accounts that use nothing.
func (m *Meters) writeAll(ctx context.Context) {
	m.mu.Lock()
	var used []*meter
	for key, one := range m.meters {
		switch {
		case one.unwritten != quota.Usage{}:
			used = append(used, one)
		case time.Since(one.readAt) > time.Minute && one.writing == nil:
			delete(m.meters, key)
		}
	}
	m.mu.Unlock()
	for _, one := range used {
		if err := m.refresh(ctx, one); err != nil {
			m.log.WarnContext(ctx, "usage was not written and will be with the next", slog.Any("error", err))
			return
		}
	}
}

// Account returns the account of a principal; nil if nothing is limited.
func (m *Meters) Account(ctx context.Context, p *access.Principal) (*quota.Account, error) {
	tenants, err := m.tenantLimits(ctx)
	if err != nil {
		return nil, err
	}
	a := quota.Account{Tenant: p.Tenant, KeyID: p.KeyID, Principal: p.ID, OfTenant: m.defaults}
	if own, ok := tenants[p.Tenant]; ok {
		a.OfTenant = own
	}
	if len(p.Limits) > 0 {
		if err := json.Unmarshal(p.Limits, &a.OfKey); err != nil {
			return nil, err
		}
	}
	if a.None() {
		return nil, nil //nolint:nilnil // no limits
	}
	return &a, nil
}

// tenantLimits returns limits that were read at most a second ago.
func (m *Meters) tenantLimits(ctx context.Context) (map[string]quota.Limits, error) {
	m.mu.Lock()
	tenants, age := m.tenants, time.Since(m.readAt)
	m.mu.Unlock()
	if age < interval {
		return tenants, nil
	}
	at := time.Now()
	tenants, err := m.store.TenantLimits(ctx)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tenants, m.readAt = tenants, at
	return tenants, nil
}

// Used returns what the tenant and the key of an account have used today: what Postgres had at most a
// second ago, and what was used here since.
func (m *Meters) Used(ctx context.Context, a quota.Account) (ofTenant, ofKey quota.Usage, err error) {
	one := m.meter(a)
	m.mu.Lock()
	stale := time.Since(one.readAt) > interval
	m.mu.Unlock()
	if stale {
		if err := m.refresh(ctx, one); err != nil {
			return ofTenant, ofKey, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, other := range m.meters { // the keys of a tenant share its limits
		if key.tenant == a.Tenant {
			ofTenant.Add(other.unwritten)
			ofTenant.Add(other.inFlight)
		}
	}
	ofTenant.Add(one.ofTenant)
	ofKey.Add(one.ofKey)
	ofKey.Add(one.unwritten)
	ofKey.Add(one.inFlight)
	return ofTenant, ofKey, nil
}

// Occupied returns what the operations of the tenant and of the key of an account occupied two seconds ago at
// most.
func (m *Meters) Occupied(ctx context.Context, a quota.Account) (ofTenant, ofKey store.Occupied, err error) {
	one := m.meter(a)
	m.mu.Lock()
	occupied, age := one.occupied, time.Since(one.measuredAt)
	m.mu.Unlock()
	if age < measureInterval {
		return occupied[0], occupied[1], nil
	}
	at := time.Now()
	if ofTenant, ofKey, err = m.store.Occupied(ctx, a); err != nil {
		return ofTenant, ofKey, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	one.occupied, one.measuredAt = [2]store.Occupied{ofTenant, ofKey}, at
	return ofTenant, ofKey, nil
}

// Add counts requests and bytes of an account.
func (m *Meters) Add(a quota.Account, u quota.Usage) {
	one := m.meter(a)
	m.mu.Lock()
	defer m.mu.Unlock()
	one.unwritten.Add(u)
}

func (m *Meters) meter(a quota.Account) *meter {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := accountKey{a.Tenant, a.KeyID}
	one := m.meters[key]
	if one == nil {
		if len(m.meters) >= maxMeters {
			m.dropIdle()
		}
		one = &meter{}
		m.meters[key] = one
	}
	one.account = a
	return one
}

func (m *Meters) dropIdle() {
	for key, one := range m.meters {
		if one.unwritten == (quota.Usage{}) && one.writing == nil {
			delete(m.meters, key)
		}
	}
}

// refresh writes what was used since the last time, and reads what all have used. Concurrent callers share
// one write.
func (m *Meters) refresh(ctx context.Context, one *meter) error {
	m.mu.Lock()
	if done := one.writing; done != nil {
		m.mu.Unlock()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	done := make(chan struct{})
	one.writing = done
	account, unwritten := one.account, one.unwritten
	one.unwritten, one.inFlight = quota.Usage{}, unwritten
	m.mu.Unlock()

	at := time.Now()
	day, _ := quota.Day(at)
	ofTenant, ofKey, err := m.store.AddUsage(context.WithoutCancel(ctx), account, day, unwritten)

	m.mu.Lock()
	defer m.mu.Unlock()
	one.writing, one.inFlight = nil, quota.Usage{}
	close(done)
	if err != nil {
		one.unwritten.Add(unwritten)
		return err
	}
	one.day, one.ofTenant, one.ofKey, one.readAt = day, ofTenant, ofKey, at
	return nil
}
