package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/auth"
)

// newStore returns a store, and a function that makes a key in it.
func newStore(t *testing.T) (*store.Store, func(change func(*store.Key)) access.Secret) {
	t.Helper()
	db := storetest.Open(t, storetest.NewDatabase(t), store.Options{MaxConns: 4})
	return db, func(change func(*store.Key)) access.Secret {
		t.Helper()
		secret := access.NewSecret()
		key := store.Key{
			ID: secret.ID, Tenant: "shop", Digest: secret.Digest(), Actions: []string{"search", "of a later release"}, Collections: []string{"books"},
			Role: "app", CreatedBy: "test",
		}
		if change != nil {
			change(&key)
		}
		if err := db.CreateKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		return secret
	}
}

// begin authenticates a request with the headers Authorization.
func begin(t *testing.T, a *auth.Authenticator, credentials ...string) (*access.Principal, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	for _, c := range credentials {
		r.Header.Add("Authorization", c)
	}
	ctx, end, err := a.Begin(r)
	if err != nil {
		return nil, err
	}
	end()
	return access.Of(ctx), nil
}

func TestBeginWithKey(t *testing.T) {
	t.Parallel()
	db, newKey := newStore(t)
	secret := newKey(nil)
	a := auth.New(auth.Options{Mode: auth.On}, db, slog.New(slog.DiscardHandler))
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER  "} {
		p, err := begin(t, a, scheme+secret.Reveal())
		if err != nil {
			t.Fatalf("Begin(%q) = %v", scheme, err)
		}
		if p.ID != secret.ID || p.Tenant != "shop" || p.Kind != access.Key || p.Role != "app" || !p.Collections.Allow("books") ||
			len(p.Actions) != 1 || !p.Actions.Has(access.Search) {
			t.Errorf("principal = %+v, want that of the key, with the known action only", p)
		}
	}
}

func TestBeginErrors(t *testing.T) {
	t.Parallel()
	db, newKey := newStore(t)
	good := newKey(nil)
	revoked := newKey(nil)
	if _, err := db.RevokeKey(t.Context(), "shop", revoked.ID); err != nil {
		t.Fatal(err)
	}
	expired := newKey(func(k *store.Key) { k.ExpiresAt = time.Now().Add(-time.Second) })
	forge := func(s access.Secret) string {
		return "lsk_" + s.ID + access.NewSecret().Reveal()[len("lsk_")+len(s.ID):]
	}
	for name, tt := range map[string]struct {
		credentials []string
		code        string
	}{
		"none":                     {nil, "credential-missing"},
		"empty":                    {[]string{""}, "credential-invalid"},
		"another scheme":           {[]string{"Basic " + good.Reveal()}, "credential-invalid"},
		"two":                      {[]string{"Bearer " + good.Reveal(), "Bearer " + good.Reveal()}, "credential-invalid"},
		"malformed":                {[]string{"Bearer lsk_a_b"}, "credential-invalid"},
		"unknown":                  {[]string{"Bearer " + access.NewSecret().Reveal()}, "credential-invalid"},
		"wrong secret":             {[]string{"Bearer " + forge(good)}, "credential-invalid"},
		"wrong secret of revoked":  {[]string{"Bearer " + forge(revoked)}, "credential-invalid"},
		"wrong secret of expired":  {[]string{"Bearer " + forge(expired)}, "credential-invalid"},
		"revoked":                  {[]string{"Bearer " + revoked.Reveal()}, "credential-revoked"},
		"expired":                  {[]string{"Bearer " + expired.Reveal()}, "credential-expired"},
		"secret in another letter": {[]string{"Bearer " + good.Reveal()[:60]}, "credential-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := auth.New(auth.Options{Mode: auth.On}, db, slog.New(slog.DiscardHandler))
			p, err := begin(t, a, tt.credentials...)
			if got := fault.Of(err); err == nil || got.Kind != fault.Unauthenticated || got.Code != tt.code {
				t.Errorf("Begin() = %+v, %v, want 401 %s", p, err, tt.code)
			}
		})
	}
	unknown, _ := begin(t, auth.New(auth.Options{Mode: auth.On}, db, slog.New(slog.DiscardHandler)), "Bearer "+access.NewSecret().Reveal())
	if unknown != nil {
		t.Error("an unknown key has a principal")
	}
}

func TestBeginLocal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts   auth.Options
		header string
		want   bool
	}{
		"auto on loopback":              {auth.Options{Mode: auth.Auto, Local: true}, "", true},
		"auto elsewhere":                {auth.Options{Mode: auth.Auto}, "", false},
		"on":                            {auth.Options{Mode: auth.On, Local: true}, "", false},
		"off":                           {auth.Options{Mode: auth.Off}, "", true},
		"auto, through a proxy":         {auth.Options{Mode: auth.Auto, Local: true}, "X-Forwarded-For", false},
		"auto, through another proxy":   {auth.Options{Mode: auth.Auto, Local: true}, "Forwarded", false},
		"auto, through a gateway":       {auth.Options{Mode: auth.Auto, Local: true}, "Via", false},
		"auto with a broken credential": {auth.Options{Mode: auth.Auto, Local: true}, "Authorization", false},
		"off with a gate's credential":  {auth.Options{Mode: auth.Off}, "Authorization", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			if tt.header != "" {
				r.Header.Set(tt.header, "x")
			}
			ctx, _, err := auth.New(tt.opts, nil, slog.New(slog.DiscardHandler)).Begin(r)
			if (err == nil) != tt.want {
				t.Fatalf("Begin() = %v, want success: %t", err, tt.want)
			}
			if tt.want && access.Of(ctx).Kind != access.Local {
				t.Errorf("principal = %+v, want the local one", access.Of(ctx))
			}
		})
	}
}

// silent is a store that counts reads, and that can stop to answer.
type silent struct {
	*store.Store

	mu    sync.Mutex
	away  bool
	reads int
}

var errAway = fault.New(fault.Unavailable, "database-unavailable", "Later.")

func (s *silent) Credentials(ctx context.Context, ids []string) (map[string]store.Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.away {
		return nil, errAway
	}
	return s.Store.Credentials(ctx, ids)
}

// TestBeginWithoutDatabase: a key that was read is trusted for a second, and not longer.
func TestBeginWithoutDatabase(t *testing.T) {
	t.Parallel()
	db, newKey := newStore(t)
	secret := newKey(nil)
	s := &silent{Store: db}
	a := auth.New(auth.Options{Mode: auth.On}, s, slog.New(slog.DiscardHandler))
	for range 100 {
		if _, err := begin(t, a, "Bearer "+secret.Reveal()); err != nil {
			t.Fatal(err)
		}
	}
	if s.reads > 5 {
		t.Errorf("100 requests read the key %d times, want once a second", s.reads)
	}
	s.mu.Lock()
	s.away = true
	s.mu.Unlock()
	deadline := time.Now().Add(time.Minute)
	for {
		_, err := begin(t, a, "Bearer "+secret.Reveal())
		if errors.Is(err, errAway) {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("Begin() = %v, want the database's fault when a second is over", err)
		}
	}
}

// TestBeginEndsRevoked: a request in progress ends when its key is revoked, and others go on.
func TestBeginEndsRevoked(t *testing.T) {
	t.Parallel()
	db, newKey := newStore(t)
	revoked, other := newKey(nil), newKey(nil)
	a := auth.New(auth.Options{Mode: auth.On}, db, slog.New(slog.DiscardHandler))
	go a.Run(t.Context())
	open := func(s access.Secret) context.Context {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+s.Reveal())
		ctx, end, err := a.Begin(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(end)
		return ctx
	}
	ended, stays := open(revoked), open(other)
	if _, err := db.RevokeKey(t.Context(), "shop", revoked.ID); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended.Done():
	case <-time.After(time.Minute):
		t.Fatal("the request with a revoked key did not end")
	}
	if got := fault.Of(context.Cause(ended)); got.Code != "credential-revoked" {
		t.Errorf("cause = %v, want credential-revoked", got)
	}
	if stays.Err() != nil {
		t.Errorf("the request with another key ended: %v", context.Cause(stays))
	}
}
