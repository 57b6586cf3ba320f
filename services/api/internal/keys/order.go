package keys

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/quota"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// Order describes a key that is to be made.
type Order struct {
	// Tenant is the tenant of the key; empty for that of the maker.
	Tenant string `json:"tenant"`
	Name   string `json:"name"`
	// Bundle or Actions say what the key may do. Exactly one of them is given.
	Bundle  access.Bundle `json:"bundle"`
	Actions []string      `json:"actions"`
	// Collections are names, and beginnings of names with an asterisk; empty for those of the maker.
	Collections []string `json:"collections"`
	// Role and Claims are for collections that are used with the role of their caller; empty for those
	// of the maker.
	Role   string          `json:"role"`
	Claims json.RawMessage `json:"claims"`
	// Limits are what may be used with the key (package quota); empty for no limits but the tenant's.
	Limits json.RawMessage `json:"limits"`
	// ExpiresIn is how long the key is valid, such as 720h. A key without it does not expire.
	ExpiresIn string `json:"expires_in"`
}

// The limits of an order.
const (
	maxNameLength  = 200
	maxClaimsBytes = 8 << 10
	maxCollections = 100
)

// Make returns a new key, and what is stored of it. The key has no more rights than its maker. The error
// is a fault of kind Invalid, or of kind Forbidden for rights that the maker does not have.
func (o Order) Make(maker *access.Principal) (access.Secret, store.Key, error) {
	secret := access.NewSecret()
	key := store.Key{
		ID: secret.ID, Digest: secret.Digest(), Tenant: maker.Tenant, Name: strings.TrimSpace(o.Name), CreatedBy: maker.ID,
		Role: maker.Role, Claims: maker.Claims,
	}
	for _, set := range []func(*store.Key, *access.Principal) error{o.setTenant, o.setActions, o.setCollections, o.setRole, o.setExpiry, o.setLimits} {
		if err := set(&key, maker); err != nil {
			return access.Secret{}, store.Key{}, err
		}
	}
	if !utf8.ValidString(key.Name) || utf8.RuneCountInString(key.Name) > maxNameLength || strings.ContainsRune(key.Name, 0) {
		return access.Secret{}, store.Key{}, invalid("name", "may have at most 200 characters.")
	}
	return secret, key, nil
}

func (o Order) setTenant(key *store.Key, maker *access.Principal) error {
	switch {
	case o.Tenant == "":
		return nil
	case !access.ValidTenant(o.Tenant):
		return invalid("tenant", "must be "+access.TenantRule+".")
	case o.Tenant != maker.Tenant && maker.Kind != Command:
		return fault.New(fault.Forbidden, "tenant-not-allowed",
			"A key can make keys of its own tenant only. Make the first key of another tenant with: api keys create --tenant.")
	}
	key.Tenant = o.Tenant
	return nil
}

func (o Order) setActions(key *store.Key, maker *access.Principal) error {
	if (o.Bundle == "") == (len(o.Actions) == 0) {
		return invalid("bundle", "or actions must be given, and not both.")
	}
	actions, err := access.ParseActions(o.Actions)
	if o.Bundle != "" {
		actions, err = o.Bundle.Actions()
	}
	if err != nil {
		return fault.New(fault.Invalid, "invalid-key", "%s.", edge.Capitalize(err.Error()))
	}
	for _, a := range actions {
		if !maker.Actions.Has(a) {
			return fault.New(fault.Forbidden, "action-not-allowed", "Your credential does not allow %s, so it can't make a key that does.", a).
				With("action", string(a))
		}
	}
	key.Actions = actions.Names()
	slices.Sort(key.Actions)
	return nil
}

func (o Order) setCollections(key *store.Key, maker *access.Principal) error {
	key.Collections = maker.Collections
	if len(o.Collections) == 0 {
		return nil
	}
	if len(o.Collections) > maxCollections {
		return invalid("collections", "may have at most 100 entries.")
	}
	collections, err := access.ParseCollections(o.Collections)
	if err != nil {
		return fault.New(fault.Invalid, "invalid-key", "%s.", edge.Capitalize(err.Error()))
	}
	if !collections.Within(maker.Collections) {
		return fault.New(fault.Forbidden, "collection-not-allowed", "Your credential does not allow the use of all of these collections.")
	}
	key.Collections = collections
	return nil
}

// setRole sets the role and the claims. Only who may do everything may choose them: they decide which rows
// the policies of tables show.
func (o Order) setRole(key *store.Key, maker *access.Principal) error {
	if o.Role == "" && len(o.Claims) == 0 {
		return nil
	}
	if !access.All().Within(maker.Actions) || !maker.Collections.AllowAll() || maker.Tenant != access.DefaultTenant {
		return fault.New(fault.Forbidden, "role-not-allowed",
			"Only an administrator of the tenant default, and the command line, can choose the role and the claims of a key.")
	}
	if o.Role != "" && !access.RolePattern.MatchString(o.Role) {
		return invalid("role", "must match "+access.RolePattern.String()+".")
	}
	var object map[string]any
	if len(o.Claims) > maxClaimsBytes || len(o.Claims) > 0 && (json.Unmarshal(o.Claims, &object) != nil || object == nil) {
		return invalid("claims", "must be a JSON object of at most 8 KiB.")
	}
	key.Role, key.Claims = o.Role, o.Claims
	return nil
}

func (o Order) setLimits(key *store.Key, maker *access.Principal) error {
	if len(maker.Limits) > 0 { // each key would have them once more
		return fault.New(fault.Forbidden, "limits-not-allowed", "A key with limits can't make keys.")
	}
	if len(o.Limits) == 0 {
		return nil
	}
	if _, err := quota.Parse(o.Limits); err != nil {
		return fault.New(fault.Invalid, "invalid-key", "%s.", edge.Capitalize(err.Error())).With("pointer", "/limits")
	}
	key.Limits = o.Limits
	return nil
}

// setExpiry sets the expiry, which is not later than that of the maker.
func (o Order) setExpiry(key *store.Key, maker *access.Principal) error {
	key.ExpiresAt = maker.Expires
	if o.ExpiresIn == "" {
		return nil
	}
	d, err := time.ParseDuration(o.ExpiresIn)
	if err != nil || d <= 0 {
		return invalid("expires_in", "must be a duration, such as 720h.")
	}
	if at := time.Now().Add(d); maker.Expires.IsZero() || at.Before(maker.Expires) {
		key.ExpiresAt = at
	}
	return nil
}

func invalid(member, must string) error {
	return fault.New(fault.Invalid, "invalid-key", "%s %s", member, must).With("pointer", "/"+member)
}
