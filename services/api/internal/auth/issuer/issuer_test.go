package issuer_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/auth/issuer"
)

// provider is an issuer whose keys the test changes.
type provider struct {
	*httptest.Server

	mu       sync.Mutex
	keys     []jose.JSONWebKey
	failing  atomic.Bool
	requests atomic.Int64
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		p.requests.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": append([]any{map[string]string{"kty": "of a later standard"}}, anyOf(p.keys)...)})
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.failing.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func anyOf(keys []jose.JSONWebKey) (all []any) {
	for _, k := range keys {
		all = append(all, k)
	}
	return all
}

// rotate replaces the keys of the provider by a new one.
func (p *provider) rotate(t *testing.T, id string) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = []jose.JSONWebKey{{Key: private.Public(), KeyID: id, Algorithm: "ES256", Use: "sig"}}
	return private
}

func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// claims returns the claims of a valid token, changed by change.
func (p *provider) claims(change map[string]any) map[string]any {
	all := map[string]any{
		"iss": p.URL, "aud": []string{"other", "longshore"}, "sub": "u1", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
		"groups": []string{"staff", "ops"}, "org": map[string]any{"name": "acme"}, "scope": "openid search unknown:thing", "role": "app",
	}
	maps.Copy(all, change)
	for name, value := range change {
		if value == nil {
			delete(all, name)
		}
	}
	return all
}

func (p *provider) issuer(t *testing.T, change func(*issuer.Options)) *issuer.Issuer {
	t.Helper()
	bundles, err := issuer.ParseBundles([]string{"ops=viewer", "root=admin"})
	if err != nil {
		t.Fatal(err)
	}
	opts := issuer.Options{
		URL: p.URL, Audiences: []string{"longshore"}, Algorithms: []string{"ES256"}, ClockSkew: 10 * time.Second, KeysMaxAge: time.Hour,
		Claims: issuer.Claims{Tenant: "org.name", Groups: "groups", Bundles: bundles, Actions: "scope", Role: "role"},
	}
	if change != nil {
		change(&opts)
	}
	return issuer.New(opts, slog.New(slog.DiscardHandler))
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	key := p.rotate(t, "k1")
	got, expires, err := p.issuer(t, nil).Authenticate(t.Context(), sign(t, jose.ES256, key, "k1", p.claims(nil)))
	if err != nil {
		t.Fatal(err)
	}
	viewer, _ := access.Viewer.Actions()
	if got.Kind != access.Issued || got.ID != "oidc:u1" || got.Tenant != "acme" || got.Role != "app" || len(got.Actions) != len(viewer) ||
		!viewer.Within(got.Actions) || !got.Collections.AllowAll() {
		t.Errorf("principal = %+v, want a viewer of acme", got)
	}
	if left := time.Until(expires); left < time.Minute || left > 71*time.Second {
		t.Errorf("the token expires in %s, want its minute and the clock skew", left)
	}
}

func TestAuthenticateErrors(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	key := p.rotate(t, "k1")
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signed := func(change map[string]any) string { return sign(t, jose.ES256, key, "k1", p.claims(change)) }
	good := strings.Split(signed(nil), ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k1"}`))
	for name, tt := range map[string]struct {
		token string
		kind  fault.Kind
		code  string
	}{
		"no signature":           {good[0] + "." + good[1] + ".", fault.Unauthenticated, "credential-invalid"},
		"algorithm none":         {none + "." + good[1] + ".", fault.Unauthenticated, "credential-invalid"},
		"symmetric":              {sign(t, jose.HS256, public, "k1", p.claims(nil)), fault.Unauthenticated, "credential-invalid"},
		"foreign key":            {sign(t, jose.ES256, foreign, "k1", p.claims(nil)), fault.Unauthenticated, "credential-invalid"},
		"unknown key":            {sign(t, jose.ES256, foreign, "k9", p.claims(nil)), fault.Unauthenticated, "credential-invalid"},
		"other payload":          {good[0] + "." + strings.Split(signed(map[string]any{"sub": "root"}), ".")[1] + "." + good[2], fault.Unauthenticated, "credential-invalid"},
		"not a token":            {"ey.a.b", fault.Unauthenticated, "credential-invalid"},
		"other issuer":           {signed(map[string]any{"iss": "https://evil.example"}), fault.Unauthenticated, "credential-invalid"},
		"other audience":         {signed(map[string]any{"aud": "other"}), fault.Unauthenticated, "credential-invalid"},
		"no audience":            {signed(map[string]any{"aud": nil}), fault.Unauthenticated, "credential-invalid"},
		"no subject":             {signed(map[string]any{"sub": nil}), fault.Unauthenticated, "credential-invalid"},
		"long subject":           {signed(map[string]any{"sub": strings.Repeat("a", 256)}), fault.Unauthenticated, "credential-invalid"},
		"no expiry":              {signed(map[string]any{"exp": nil}), fault.Unauthenticated, "credential-invalid"},
		"expired":                {signed(map[string]any{"exp": now.Add(-12 * time.Second).Unix()}), fault.Unauthenticated, "credential-expired"},
		"not yet":                {signed(map[string]any{"nbf": now.Add(20 * time.Second).Unix()}), fault.Unauthenticated, "credential-invalid"},
		"issued in the future":   {signed(map[string]any{"iat": now.Add(20 * time.Second).Unix()}), fault.Unauthenticated, "credential-invalid"},
		"no tenant":              {signed(map[string]any{"org": nil}), fault.Forbidden, "claim-missing"},
		"tenant of another kind": {signed(map[string]any{"org": map[string]any{"name": []string{"acme"}}}), fault.Forbidden, "claim-missing"},
		"tenant that is no name": {signed(map[string]any{"org": map[string]any{"name": "a'b"}}), fault.Forbidden, "claim-missing"},
		"role that is no name":   {signed(map[string]any{"role": `a"; DROP`}), fault.Forbidden, "claim-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := p.issuer(t, nil).Authenticate(t.Context(), tt.token)
			if got := fault.Of(err); err == nil || got.Kind != tt.kind || got.Code != tt.code {
				t.Errorf("Authenticate() = %v, want %s", err, tt.code)
			}
		})
	}
	for name, change := range map[string]map[string]any{
		"just expired": {"exp": now.Add(-2 * time.Second).Unix()}, "almost valid": {"nbf": now.Add(8 * time.Second).Unix()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := p.issuer(t, nil).Authenticate(t.Context(), signed(change)); err != nil {
				t.Errorf("Authenticate() = %v, want no error within the clock skew", err)
			}
		})
	}
}

// TestRotation: a token with a new key is accepted at once, and invented keys cause few requests.
func TestRotation(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	i := p.issuer(t, nil)
	for round := range 2 {
		id := fmt.Sprint("k", round)
		key := p.rotate(t, id)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, _, err := i.Authenticate(t.Context(), sign(t, jose.ES256, key, id, p.claims(nil))); err != nil {
					t.Errorf("round %d: Authenticate() = %v, want no error", round, err)
				}
			})
		}
		wg.Wait()
		for n := range 20 {
			wg.Go(func() {
				_, _, err := i.Authenticate(t.Context(), sign(t, jose.ES256, key, fmt.Sprint("invented", n), p.claims(nil)))
				if !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("round %d: an invented key = %v, want Unauthenticated", round, err)
				}
			})
		}
		wg.Wait()
	}
	if got := p.requests.Load(); got > 8 {
		t.Errorf("the issuer got %d requests, want at most one a second", got)
	}
}

// TestOutage: while the issuer does not answer, known keys are accepted, for a while.
func TestOutage(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	key := p.rotate(t, "k1")
	token := sign(t, jose.ES256, key, "k1", p.claims(nil))
	p.failing.Store(true)
	i := p.issuer(t, nil)
	if _, _, err := i.Authenticate(t.Context(), token); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Authenticate() before the issuer answered once = %v, want Unavailable", err)
	}
	p.failing.Store(false)
	if _, _, err := i.Authenticate(t.Context(), token); err != nil {
		t.Fatalf("Authenticate() once the issuer answers = %v", err)
	}
	p.failing.Store(true)
	if _, _, err := i.Authenticate(t.Context(), token); err != nil {
		t.Errorf("Authenticate() with a known key during an outage = %v, want no error", err)
	}
	impatient := p.issuer(t, func(o *issuer.Options) { o.KeysMaxAge = 0 })
	if _, _, err := impatient.Authenticate(t.Context(), token); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Authenticate() with keys that are too old = %v, want Unavailable", err)
	}
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	key := p.rotate(t, "k1")
	for name, tt := range map[string]struct {
		claims  map[string]any
		change  func(*issuer.Options)
		tenant  string
		admin   bool
		actions int
		allowed string
	}{
		"groups as a text":   {map[string]any{"groups": "root x"}, nil, "acme", true, len(access.All()), "books"},
		"no groups":          {map[string]any{"groups": nil, "scope": nil}, nil, "acme", false, 0, "books"},
		"everybody":          {map[string]any{"groups": nil, "scope": nil}, func(o *issuer.Options) { o.Claims.Bundles["*"] = access.Admin }, "acme", true, len(access.All()), "books"},
		"a name with dots":   {map[string]any{"https://acme.example/org.name": "dotted"}, func(o *issuer.Options) { o.Claims.Tenant = "https://acme.example/org.name" }, "dotted", false, 6, "books"},
		"path with dots":     {map[string]any{"a.b": map[string]any{"c.d": "deep"}}, func(o *issuer.Options) { o.Claims.Tenant = "a.b.c.d" }, "deep", false, 6, "books"},
		"no tenants":         {map[string]any{"org": nil}, func(o *issuer.Options) { o.Claims.Tenant = "" }, "default", false, 6, "books"},
		"collections":        {map[string]any{"cols": []any{"shop-*", "tools"}}, func(o *issuer.Options) { o.Claims.Collections = "cols" }, "acme", false, 6, "shop-books"},
		"collections absent": {nil, func(o *issuer.Options) { o.Claims.Collections = "cols" }, "acme", false, 6, ""},
		"only scopes":        {map[string]any{"groups": nil}, nil, "acme", false, 1, "books"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, err := p.issuer(t, tt.change).Authenticate(t.Context(), sign(t, jose.ES256, key, "k1", p.claims(tt.claims)))
			if err != nil {
				t.Fatal(err)
			}
			if got.Tenant != tt.tenant || got.Actions.Has(access.WriteKeys) != tt.admin || len(got.Actions) != tt.actions ||
				tt.allowed != "" && !got.Collections.Allow(tt.allowed) || (tt.allowed == "" || strings.HasPrefix(tt.allowed, "shop")) && got.Collections.Allow("books") {
				t.Errorf("principal = %+v, want tenant %s, admin: %t, %d actions, collection %q", got, tt.tenant, tt.admin, tt.actions, tt.allowed)
			}
		})
	}
}
