package auth

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
)

// request is a request in progress.
type request struct{ cancel context.CancelCauseFunc }

// open registers a request of a principal, and that its key was used. The context is cancelled when the
// credential becomes invalid.
func (k *keyring) open(ctx context.Context, p *access.Principal) (_ context.Context, end func()) {
	id := p.Credential
	ctx, cancel := context.WithCancelCause(ctx)
	r := &request{cancel}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.requests[id] == nil {
		k.requests[id] = make(map[*request]struct{})
	}
	k.requests[id][r] = struct{}{}
	if p.KeyID != "" {
		k.used[p.KeyID] = struct{}{}
	}
	return ctx, func() {
		cancel(nil)
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.requests[id], r)
		if len(k.requests[id]) == 0 {
			delete(k.requests, id)
		}
	}
}

// run checks the keys of requests in progress every maxAge, and records the use of keys.
func (k *keyring) run(ctx context.Context) {
	checks, uses := time.NewTicker(maxAge), time.NewTicker(useInterval)
	defer checks.Stop()
	defer uses.Stop()
	for {
		select {
		case <-checks.C:
			k.check(ctx)
		case <-uses.C:
			k.recordUse(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// check ends the requests whose key was revoked, has expired or was deleted. One query reads all keys.
// While Postgres does not answer, nothing ends.
func (k *keyring) check(ctx context.Context) {
	k.mu.Lock()
	ids := slices.Collect(maps.Keys(k.requests))
	k.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	found, err := k.store.Credentials(ctx, ids)
	if err != nil {
		k.log.DebugContext(ctx, "the keys of open requests were not checked", slog.Any("error", err))
		return
	}
	for _, id := range ids {
		key, ok := found[id]
		err := errRevoked()
		if ok {
			err = usable(&key)
		}
		if err != nil {
			k.cancel(id, err)
		}
	}
}

func (k *keyring) cancel(id string, cause error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for r := range k.requests[id] {
		r.cancel(cause)
	}
}

// recordUse records which keys were used since the last time.
func (k *keyring) recordUse(ctx context.Context) {
	k.mu.Lock()
	ids := slices.Collect(maps.Keys(k.used))
	clear(k.used)
	k.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := k.store.UseKeys(ctx, ids); err != nil {
		k.log.DebugContext(ctx, "the use of keys was not recorded", slog.Any("error", err))
	}
}
