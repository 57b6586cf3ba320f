// Package access describes who sends a request and what that principal may do. It checks no
// credentials: the api does, and puts the principal into the context of the request.
package access

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// DefaultTenant owns everything in an installation that does not divide its clients into tenants, and
// every operation that was accepted before tenants existed.
const DefaultTenant = "default"

// Kind is the kind of credential that identified a principal.
type Kind string

// The kinds of credentials.
const (
	// Local is no credential: a client on the same machine, where the configuration allows it.
	Local Kind = "local"
	// Key is an API key.
	Key Kind = "key"
	// Issued is a bearer token of an OpenID Connect issuer.
	Issued Kind = "oidc"
	// Session is a login to the console.
	Session Kind = "session"
	// Token is a short token that another principal requested.
	Token Kind = "token"
)

// Principal is who sends a request.
type Principal struct {
	Kind Kind
	// ID identifies the principal in the audit log and in shares: the id of a key, or oidc: and the
	// subject of an issuer's token. A session and a short token have that of the principal who made them.
	// It is not a secret.
	ID string
	// Tenant owns what the principal creates, and limits what it sees.
	Tenant string
	// Actions are what the principal may do.
	Actions Actions
	// Collections are those whose records and operations the principal may use.
	Collections Collections
	// Role is the role in Postgres with which collections that ask for the role of the caller are read
	// and written; empty if the principal has none.
	Role string
	// Credential is the id of the API key, the short token or the session that was sent; empty for others.
	Credential string
	// KeyID is the id of the API key that was sent, or that made the token or the session; empty for others.
	KeyID string
	// Operation is the only operation whose events the principal may read, and it may do nothing else;
	// uuid.Nil for no such limit.
	Operation uuid.UUID
	// MaxBytes is how many bytes of bodies may be sent with the short token; 0 for no limit.
	MaxBytes int64
	// Limits are what may be used with the key, a JSON object of package quota; nil for no limits.
	Limits json.RawMessage
	// Expires is when the credential expires; the zero time if it does not.
	Expires time.Time
	// Claims are the claims of the principal's token, a JSON object, for the policies of tables; nil if
	// there are none.
	Claims json.RawMessage
}

// NewLocal returns the principal of a client on the same machine. It may do everything in the default
// tenant.
func NewLocal() *Principal {
	return &Principal{Kind: Local, ID: "local", Tenant: DefaultTenant, Actions: All(), Collections: Collections{"*"}}
}

type contextKey struct{}

// With returns a context that carries the principal.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// Of returns the principal of a context; nil if it carries none, as in the services that process
// operations.
func Of(ctx context.Context) *Principal {
	p, _ := ctx.Value(contextKey{}).(*Principal)
	return p
}
