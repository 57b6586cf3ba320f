// Package auth finds out who sends a request: it checks the credential of the request and puts the
// principal into the request's context. What the principal may do is in package access.
package auth

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/auth/issuer"
)

// Mode says which requests need a credential.
type Mode string

// The modes.
const (
	// Off: none. A request without a credential is one of the local principal.
	Off Mode = "off"
	// On: all.
	On Mode = "on"
	// Auto: all, except those that a client on the same machine sends to a service that only listens to
	// that machine.
	Auto Mode = "auto"
)

// Options configures an Authenticator.
type Options struct {
	Mode Mode
	// Local reports, for the mode Auto, whether the service is reachable from its own machine only.
	Local bool
	// FirstKey is the key of an administrator that CheckStart stores if there is no key; empty stores none.
	FirstKey string
	// Issuer checks the tokens of an OpenID Connect issuer; nil if there is none.
	Issuer *issuer.Issuer
}

// Authenticator authenticates requests. It is safe for concurrent use.
type Authenticator struct {
	opts  Options
	store Store
	keys  *keyring
}

// Store reads credentials and counts what is sent with them. *store.Store implements it.
type Store interface {
	KeyStore
	ByteStore
}

// New returns an authenticator that finds keys in the store. Run must run meanwhile.
func New(opts Options, s Store, log *slog.Logger) *Authenticator {
	return &Authenticator{opts: opts, store: s, keys: newKeyring(s, log)}
}

// Run ends requests whose key was revoked or has expired meanwhile, and records the last use of keys,
// until ctx ends.
func (a *Authenticator) Run(ctx context.Context) { a.keys.run(ctx) }

// Begin authenticates a request. It returns a context that carries the principal and that is cancelled
// when the credential becomes invalid, with the fault as its cause. The caller must call end after the
// request. The error is a fault of kind Unauthenticated, of kind Forbidden for a token whose claims do not
// suffice, or of kind Unavailable if the credential cannot be checked.
func (a *Authenticator) Begin(r *http.Request) (ctx context.Context, end func(), err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		if !a.isLocal(r) {
			return nil, nil, missing()
		}
		return access.With(r.Context(), access.NewLocal()), func() {}, nil
	}
	scheme, credential, _ := strings.Cut(headers[0], " ")
	credential = strings.TrimSpace(credential)
	if a.opts.Mode == Off && !access.IsIssuedHere(credential) { // it is for the gate before the api
		return access.With(r.Context(), access.NewLocal()), func() {}, nil
	}
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return nil, nil, invalid("Send one header Authorization: Bearer lsk_….")
	}
	if a.opts.Issuer != nil && issuer.IsToken(credential) {
		return a.beginWithToken(r.Context(), credential)
	}
	secret, ok := access.ParseSecret(credential)
	if !ok {
		return nil, nil, invalid("It does not have the form of a key: lsk_, an id, _ and a secret.")
	}
	principal, err := a.keys.find(r.Context(), secret)
	if err != nil {
		return nil, nil, err
	}
	ctx, end = a.keys.open(r.Context(), principal)
	return access.With(ctx, principal), end, nil
}

// beginWithToken authenticates a request with a token of the issuer. The context ends with the token.
func (a *Authenticator) beginWithToken(ctx context.Context, token string) (_ context.Context, end func(), err error) {
	principal, expires, err := a.opts.Issuer.Authenticate(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	principal.Expires = expires
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(time.Until(expires), func() { cancel(issuer.Expired()) })
	return access.With(ctx, principal), func() {
		timer.Stop()
		cancel(nil)
	}, nil
}

// isLocal reports whether a request without a credential is one of the local principal.
func (a *Authenticator) isLocal(r *http.Request) bool {
	switch a.opts.Mode {
	case Off:
		return true
	case Auto:
		return a.opts.Local && !web.ThroughProxy(r.Header)
	default:
		return false
	}
}

func missing() error {
	return fault.New(fault.Unauthenticated, "credential-missing",
		"This request needs a key. Send it as Authorization: Bearer lsk_…; an administrator makes keys with: api keys create.")
}

func invalid(why string) error {
	return fault.New(fault.Unauthenticated, "credential-invalid", "The credential is not valid. %s", why)
}
