package keys_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/services/api/internal/keys"
)

// TestMakeTenants: keys are made for every tenant that a token can name, and for no other.
func TestMakeTenants(t *testing.T) {
	t.Parallel()
	maker := access.NewLocal()
	maker.Kind = keys.Command
	for _, name := range []string{"shop", "Acme/EU", "a.b@example.com", "org:1", strings.Repeat("x", 128), "a b", "-a", "a,b", `"a"`, "{a}", "ä", "a\n", strings.Repeat("x", 129)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, key, err := keys.Order{Bundle: "viewer", Tenant: name}.Make(maker)
			if !access.ValidTenant(name) {
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("Make() = %v, want a fault of kind Invalid", err)
				}
				return
			}
			if err != nil || key.Tenant != name {
				t.Errorf("Make() = tenant %q, %v, want %q", key.Tenant, err, name)
			}
		})
	}
}

// TestRunTenant: the command line refuses what is not the name of a tenant, before it uses the database.
func TestRunTenant(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"list --tenant=", "list --tenant a,b", "revoke x --tenant {a}", "create --bundle viewer --tenant -a"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			if err := keys.Run(t.Context(), nil, strings.Fields(args), io.Discard); !errors.Is(err, keys.ErrUsage) || !strings.Contains(err.Error(), "name of a tenant") {
				t.Errorf("Run() = %v, want ErrUsage about the name of a tenant", err)
			}
		})
	}
}
