// Package access describes who sends a request and what that principal may do. It checks no
// credentials: the api does, and puts the principal into the context of the request.
package access

import (
	"context"
	"encoding/json"
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
	// ID identifies the principal in the audit log and in shares: the id of a key, or the subject of
	// a token. It is not a secret.
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
