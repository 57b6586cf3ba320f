package tokens

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

// Order describes a token that is to be made.
type Order struct {
	// Actions are what the token allows: some of those of its maker, without keys:write and tokens:create.
	// If Operation is given, they are operations:read.
	Actions []string `json:"actions"`
	// Collections are names, and beginnings of names with an asterisk; empty for those of the maker.
	Collections []string `json:"collections"`
	// TTL is how long the token is valid: a number of seconds, or a text such as "15m".
	TTL lifetime `json:"ttl"`
	// MaxBytes is how many bytes of bodies may be sent with the token; 0 for no limit.
	MaxBytes int64 `json:"maxBytes"`
	// Operation limits the token to the events of one operation. Only such a token may be sent in an address
	// or as a cookie.
	Operation uuid.UUID `json:"operation"`
	// Cookie says that the token is set as a cookie and not shown.
	Cookie bool `json:"cookie"`
}

// The limits of the lifetime of a token.
const (
	defaultLifetime = 15 * time.Minute
	maxLifetime     = time.Hour
)

// lifetime is a duration, in JSON a number of seconds or a text such as "15m".
type lifetime time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (l *lifetime) UnmarshalJSON(text []byte) error {
	var seconds float64
	if json.Unmarshal(text, &seconds) == nil {
		*l = lifetime(max(-1, min(seconds, 2*maxLifetime.Seconds())) * float64(time.Second))
		return nil
	}
	var words string
	if err := json.Unmarshal(text, &words); err != nil {
		return err
	}
	d, err := time.ParseDuration(words)
	*l = lifetime(d)
	return err
}

// make returns a new token, and what is stored of it. The token has no more rights than its maker. The
// error is a fault of kind Invalid, or of kind Forbidden for rights that the maker does not have.
func (o Order) make(maker *access.Principal, now time.Time) (access.Secret, store.Credential, error) {
	secret := access.NewCredential(access.Token)
	token := newCredential(secret, maker)
	token.Operation, token.MaxBytes = o.Operation, o.MaxBytes
	for _, set := range []func(*store.Credential, *access.Principal) error{o.setActions, o.setCollections, o.checkLimits} {
		if err := set(&token, maker); err != nil {
			return access.Secret{}, store.Credential{}, err
		}
	}
	ttl := time.Duration(o.TTL)
	switch {
	case ttl < 0 || ttl > maxLifetime:
		return access.Secret{}, store.Credential{}, invalid("ttl", "must be at most one hour, as a number of seconds or a text such as 15m.")
	case ttl == 0:
		ttl = defaultLifetime
	}
	token.ExpiresAt = now.Add(ttl)
	if !maker.Expires.IsZero() && maker.Expires.Before(token.ExpiresAt) {
		token.ExpiresAt = maker.Expires
	}
	return secret, token, nil
}

// newCredential returns a credential with all rights of its maker.
func newCredential(secret access.Secret, maker *access.Principal) store.Credential {
	return store.Credential{
		Kind: secret.Kind, Principal: maker.ID, KeyID: maker.KeyID,
		Key: store.Key{
			ID: secret.ID, Digest: secret.Digest(), Tenant: maker.Tenant, Actions: maker.Actions.Names(), Collections: maker.Collections,
			Role: maker.Role, Claims: maker.Claims, CreatedBy: maker.ID,
		},
	}
}

// notInTokens are the actions that make further credentials.
var notInTokens = access.Actions{access.WriteKeys, access.CreateTokens}

func (o Order) setActions(token *store.Credential, maker *access.Principal) error {
	if o.Operation != uuid.Nil && len(o.Actions) == 0 {
		o.Actions = []string{string(access.ReadOperations)}
	}
	if len(o.Actions) == 0 {
		return invalid("actions", "must name at least one action.")
	}
	actions, err := access.ParseActions(o.Actions)
	if err != nil {
		return invalid("actions", "must be names of actions: "+err.Error()+".")
	}
	for _, a := range actions {
		if notInTokens.Has(a) {
			return invalid("actions", "may not contain "+string(a)+", which makes further credentials.")
		}
		if !maker.Actions.Has(a) {
			return fault.New(fault.Forbidden, "action-not-allowed", "Your credential does not allow %s, so it can't make a token that does.", a).
				With("action", string(a))
		}
	}
	slices.Sort(actions)
	token.Actions = slices.Compact(actions).Names()
	return nil
}

// maxCollections bounds the collections of a token.
const maxCollections = 100

func (o Order) setCollections(token *store.Credential, maker *access.Principal) error {
	if len(o.Collections) == 0 {
		return nil
	}
	collections, err := access.ParseCollections(o.Collections)
	switch {
	case err != nil:
		return invalid("collections", "must be names of collections: "+err.Error()+".")
	case len(collections) > maxCollections:
		return invalid("collections", "may have at most 100 entries.")
	case !collections.Within(maker.Collections):
		return fault.New(fault.Forbidden, "collection-not-allowed", "Your credential does not allow the use of all of these collections.")
	}
	token.Collections = collections
	return nil
}

func (o Order) checkLimits(*store.Credential, *access.Principal) error {
	switch {
	case o.MaxBytes < 0:
		return invalid("maxBytes", "must be a positive number.")
	case o.Cookie && o.Operation == uuid.Nil:
		return invalid("cookie", "needs operation: only a token for the events of one operation may be a cookie.")
	}
	return nil
}

func invalid(member, must string) error {
	return fault.New(fault.Invalid, "invalid-token", "%s %s", member, must).With("pointer", "/"+member)
}
