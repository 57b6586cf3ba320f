package auth

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

// KeyStore reads keys, tokens and sessions. *store.Store implements it.
type KeyStore interface {
	Credentials(ctx context.Context, ids []string) (map[string]store.Credential, error)
	UseKeys(ctx context.Context, ids []string) error
}

const (
	// maxAge is how long a key that was read is trusted: so long after its revocation it may still work.
	maxAge = time.Second
	// maxCached bounds the keys in memory, also those that do not exist.
	maxCached = 10_000
	// readTimeout bounds the reading of keys.
	readTimeout = 5 * time.Second
	// useInterval is how often the last use of keys is recorded.
	useInterval = time.Minute
)

// keyring finds keys by their ids, and keeps those that were just read.
type keyring struct {
	store  KeyStore
	log    *slog.Logger
	flight singleflight.Group

	mu     sync.Mutex
	cached map[string]cachedKey
	used   map[string]struct{}
	// requests are the requests in progress, by the id of their key.
	requests map[string]map[*request]struct{}
}

// cachedKey is a key as it was read; nil if there is none with this id.
type cachedKey struct {
	key       *store.Credential
	principal *access.Principal
	readAt    time.Time
}

func newKeyring(s KeyStore, log *slog.Logger) *keyring {
	return &keyring{
		store: s, log: log, cached: make(map[string]cachedKey), used: make(map[string]struct{}),
		requests: make(map[string]map[*request]struct{}),
	}
}

// find returns the principal of a key. That a key does not exist, and that its secret is another one,
// are the same fault after the same work.
func (k *keyring) find(ctx context.Context, secret access.Secret) (*access.Principal, error) {
	cached, err := k.get(ctx, secret.ID)
	if err != nil {
		return nil, err
	}
	digest := make([]byte, sha256.Size)
	if cached.key != nil {
		digest = cached.key.Digest
	}
	if !secret.Matches(digest) || cached.key == nil || cached.key.Kind != secret.Kind {
		return nil, invalid("Check that it is complete, or ask for another key.")
	}
	if err := usable(cached.key); err != nil {
		return nil, err
	}
	return cached.principal, nil
}

// usable returns a fault if a key, whose secret is known to be right, was revoked or has expired.
func usable(k *store.Credential) error {
	switch {
	case k.Revoked():
		return errRevoked()
	case k.Expired(time.Now()):
		return fault.New(fault.Unauthenticated, "credential-expired", "This %s has expired. Ask for another one.", k.Kind)
	}
	return nil
}

func errRevoked() error {
	return fault.New(fault.Unauthenticated, "credential-revoked", "This credential was revoked. Ask for another one.")
}

// get returns a key that was read at most maxAge ago. Concurrent requests with a key read it once.
func (k *keyring) get(ctx context.Context, id string) (cachedKey, error) {
	k.mu.Lock()
	cached, ok := k.cached[id]
	k.mu.Unlock()
	if ok && time.Since(cached.readAt) < maxAge {
		return cached, nil
	}
	result := k.flight.DoChan(id, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		return k.read(ctx, id)
	})
	select {
	case <-ctx.Done():
		return cachedKey{}, fault.New(fault.Unavailable, "database-unavailable", "The credential could not be checked. Try again.").Because(ctx.Err())
	case r := <-result:
		read, _ := r.Val.(cachedKey)
		return read, r.Err
	}
}

// read reads a key. What was read is as old as the beginning of the query.
func (k *keyring) read(ctx context.Context, id string) (cachedKey, error) {
	cached := cachedKey{readAt: time.Now()}
	found, err := k.store.Credentials(ctx, []string{id})
	if err != nil {
		return cachedKey{}, err
	}
	if key, ok := found[id]; ok {
		cached.key, cached.principal = &key, principalOf(key)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.cached) >= maxCached {
		clear(k.cached)
	}
	k.cached[id] = cached
	return cached, nil
}

// principalOf returns the principal of a credential. Actions that this release does not know are left out.
func principalOf(c store.Credential) *access.Principal {
	p := &access.Principal{
		Kind: c.Kind, ID: c.Principal, Tenant: c.Tenant, Role: c.Role, Claims: c.Claims, Collections: c.Collections, Credential: c.ID,
		KeyID: c.KeyID, Operation: c.Operation, MaxBytes: c.MaxBytes, Expires: c.ExpiresAt, Limits: c.Limits,
	}
	if c.Kind == access.Key {
		p.KeyID = c.ID
	}
	for _, name := range c.Actions {
		if a := access.Action(name); a.Known() {
			p.Actions = append(p.Actions, a)
		}
	}
	return p
}
