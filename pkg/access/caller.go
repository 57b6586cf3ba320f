package access

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
)

// RoleOfCaller is the value of a collection's member "role" that stands for the principal's own role.
const RoleOfCaller = "claim"

// RolePattern matches the names of roles that collections and keys may have.
var RolePattern = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Caller is on whose behalf a collection's table is read and written. The zero value is Longshore
// itself.
type Caller struct {
	// Role is the role in Postgres.
	Role string
	// Claims are shown to the policies of the table as the setting request.jwt.claims, as PostgREST and
	// Supabase do: a JSON object.
	Claims json.RawMessage
}

// volatileClaims are the registered claims of a token, and those of OpenID Connect, that differ
// between two tokens of the same user.
var volatileClaims = []string{"exp", "nbf", "iat", "jti", "auth_time", "nonce", "at_hash", "c_hash"}

// NewCaller returns the caller with which a principal uses a collection with the member "role"; the
// zero value if the collection has none. Role is empty if the collection asks for the role of the
// principal and it has none. The claim tenant is the principal's tenant, unless an issuer has signed another
// one.
func NewCaller(p *Principal, role string) (Caller, error) {
	if role == "" {
		return Caller{}, nil
	}
	if role == RoleOfCaller {
		role = p.Role
	}
	claims := map[string]any{"tenant": p.Tenant}
	if p.Claims != nil {
		own, err := decodeClaims(p.Claims)
		if err != nil {
			return Caller{}, fmt.Errorf("decoding the claims of %s: %w", p.ID, err)
		}
		maps.Copy(claims, own)
	}
	for _, name := range volatileClaims {
		delete(claims, name)
	}
	claims["role"] = role
	if p.KeyID != "" { // its claims are those that its maker has chosen, and no issuer has signed them
		claims["tenant"] = p.Tenant
	}
	encoded, err := json.Marshal(claims)
	return Caller{Role: role, Claims: encoded}, err
}

// decodeClaims keeps the digits of numbers as they are.
func decodeClaims(text []byte) (claims map[string]any, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return claims, dec.Decode(&claims)
}

// Equal reports whether the callers have the same role and claims.
func (c Caller) Equal(other Caller) bool {
	return c.Role == other.Role && bytes.Equal(c.Claims, other.Claims)
}
