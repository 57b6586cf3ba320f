package issuer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
)

// Claims say which claims of a token describe its principal. Each is the name of a claim, or a path of
// names with dots, such as realm_access.roles.
type Claims struct {
	// Tenant is the claim with the tenant; empty if all principals belong to the default tenant.
	Tenant string
	// Groups is the claim with the groups of the principal, and Bundles the bundle of each group. The group
	// * has all principals.
	Groups  string
	Bundles map[string]access.Bundle
	// Actions is the claim with actions, as a list or as a text with blanks between them (RFC 8693,
	// section 4.2). Others than ours are ignored.
	Actions string
	// Collections is the claim with the collections; empty if principals may use all.
	Collections string
	// Role is the claim with the role in Postgres; empty for none.
	Role string
}

// principal returns the principal of a token. The error is a fault of kind Forbidden if a claim is missing
// or has no valid value.
func (c Claims) principal(subject string, text json.RawMessage) (*access.Principal, error) {
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		return nil, invalid("Its claims are not a JSON object.")
	}
	p := &access.Principal{
		Kind: access.Issued, ID: "oidc:" + subject, Tenant: access.DefaultTenant, Collections: access.Collections{"*"}, Claims: text,
		Actions: c.actions(claims),
	}
	if c.Tenant != "" {
		p.Tenant, _ = lookUp(claims, c.Tenant).(string)
		if !access.ValidTenant(p.Tenant) {
			return nil, lacks(c.Tenant, "the name of a tenant")
		}
	}
	if c.Collections != "" {
		collections, err := access.ParseCollections(words(lookUp(claims, c.Collections)))
		if err != nil {
			return nil, lacks(c.Collections, "the names of collections")
		}
		p.Collections = append(access.Collections{}, collections...) // none, if the claim is missing
	}
	if c.Role != "" {
		p.Role, _ = lookUp(claims, c.Role).(string)
		if p.Role != "" && !access.RolePattern.MatchString(p.Role) {
			return nil, lacks(c.Role, "the name of a role")
		}
	}
	return p, nil
}

func lacks(claim, what string) error {
	return fault.New(fault.Forbidden, "claim-missing", "The token is valid, but its claim %s does not have %s.", claim, what).With("claim", claim)
}

// actions returns the actions of the groups and of the claim with actions.
func (c Claims) actions(claims map[string]any) access.Actions {
	var set access.Actions
	for _, group := range append(words(lookUp(claims, c.Groups)), "*") {
		if bundle, ok := c.Bundles[group]; ok {
			actions, _ := bundle.Actions() // ParseBundles has checked it
			set = append(set, actions...)
		}
	}
	if c.Actions != "" {
		for _, name := range words(lookUp(claims, c.Actions)) {
			if a := access.Action(name); a.Known() {
				set = append(set, a)
			}
		}
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// lookUp returns the claim with the name, or the one that a path of names with dots leads to; nil if there
// is none.
func lookUp(claims map[string]any, path string) any {
	if value, ok := claims[path]; ok {
		return value
	}
	for name, rest := range prefixes(path) {
		if inner, ok := claims[name].(map[string]any); ok {
			if value := lookUp(inner, rest); value != nil {
				return value
			}
		}
	}
	return nil
}

// prefixes yields each split of a path at a dot: names may contain dots too.
func prefixes(path string) func(yield func(name, rest string) bool) {
	return func(yield func(name, rest string) bool) {
		for i, char := range path {
			if char == '.' && !yield(path[:i], path[i+1:]) {
				return
			}
		}
	}
}

// words returns the texts of a list, or the words of a text.
func words(value any) (all []string) {
	switch value := value.(type) {
	case string:
		return strings.Fields(value)
	case []any:
		for _, element := range value {
			if text, ok := element.(string); ok {
				all = append(all, text)
			}
		}
	}
	return all
}

// ParseBundles parses pairs group=bundle.
func ParseBundles(pairs []string) (map[string]access.Bundle, error) {
	bundles := make(map[string]access.Bundle, len(pairs))
	for _, pair := range pairs {
		i := strings.LastIndexByte(pair, '=')
		if i <= 0 {
			return nil, fmt.Errorf("%q must be group=bundle", pair)
		}
		group, bundle := strings.TrimSpace(pair[:i]), access.Bundle(strings.TrimSpace(pair[i+1:]))
		if _, err := bundle.Actions(); err != nil {
			return nil, err
		}
		bundles[group] = bundle
	}
	return bundles, nil
}
