package access_test

import (
	"encoding/json"
	"testing"

	"github.com/longshore-io/longshore/pkg/access"
)

func TestNewCaller(t *testing.T) {
	t.Parallel()
	user := access.Principal{ID: "u", Tenant: "t", Role: "app", Claims: json.RawMessage(`{"sub":"7","exp":1,"iat":2,"jti":"x","n":12345678901234567890}`)}
	for name, tt := range map[string]struct {
		principal access.Principal
		role      string
		want      string // role and claims
	}{
		"no role":            {user, "", ""},
		"role of the caller": {user, access.RoleOfCaller, `app {"n":12345678901234567890,"role":"app","sub":"7","tenant":"t"}`},
		"fixed role":         {user, "shop", `shop {"n":12345678901234567890,"role":"shop","sub":"7","tenant":"t"}`},
		"no claims":          {access.Principal{ID: "k", Tenant: "t"}, "shop", `shop {"role":"shop","tenant":"t"}`},
		"claims that pretend": {
			access.Principal{Tenant: "t", Role: "app", Claims: json.RawMessage(`{"role":"postgres","tenant":"of the issuer"}`)},
			access.RoleOfCaller,
			`app {"role":"app","tenant":"of the issuer"}`,
		},
		"key that pretends": {
			access.Principal{KeyID: "k", Tenant: "t", Claims: json.RawMessage(`{"role":"postgres","tenant":"other"}`)}, "shop", `shop {"role":"shop","tenant":"t"}`,
		},
		"principal without a role": {access.Principal{Tenant: "t"}, access.RoleOfCaller, ` {"role":"","tenant":"t"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := access.NewCaller(&tt.principal, tt.role)
			if err != nil {
				t.Fatal(err)
			}
			text := got.Role + " " + string(got.Claims)
			if tt.want == "" && got.Claims == nil && got.Role == "" {
				return
			}
			if text != tt.want {
				t.Errorf("NewCaller() = %s, want %s", text, tt.want)
			}
		})
	}
	if _, err := access.NewCaller(&access.Principal{Claims: json.RawMessage(`[`)}, "shop"); err == nil {
		t.Error("NewCaller() with broken claims succeeded, want an error")
	}
}

// TestCallerEqual: two tokens of the same user are the same caller.
func TestCallerEqual(t *testing.T) {
	t.Parallel()
	caller := func(claims string) access.Caller {
		c, err := access.NewCaller(&access.Principal{Tenant: "t", Role: "app", Claims: json.RawMessage(claims)}, access.RoleOfCaller)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := caller(`{"sub":"7","exp":1,"iat":1,"jti":"a"}`)
	for claims, want := range map[string]bool{
		`{"jti":"b","exp":2,"sub":"7"}`: true, `{"sub":"8"}`: false, `{"sub":"7","org":1}`: false, `{}`: false,
	} {
		t.Run(claims, func(t *testing.T) {
			t.Parallel()
			if got := caller(claims).Equal(first); got != want {
				t.Errorf("Equal() = %t, want %t", got, want)
			}
		})
	}
}
