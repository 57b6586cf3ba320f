package access

import (
	"context"
	"regexp"
	"slices"
)

// tenantPattern has none of the characters that mean something in a setting or an array of Postgres.
var tenantPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,127}$`)

// TenantRule describes the names of tenants, for messages.
const TenantRule = "1 to 128 ASCII letters, digits and . _ : @ / + = -, the first one a letter or a digit"

// ValidTenant reports whether a text may be the name of a tenant: see TenantRule.
func ValidTenant(name string) bool { return tenantPattern.MatchString(name) }

type tenantsKey struct{}

// WithTenants returns a context for a read that the principals of several tenants share.
func WithTenants(ctx context.Context, tenants []string) context.Context {
	return context.WithValue(ctx, tenantsKey{}, tenants)
}

// Tenants returns the tenants whose operations a context gives access to: that of its principal, or
// those of WithTenants. It returns none if the context has neither, or if a name is not valid.
func Tenants(ctx context.Context) []string {
	tenants, shared := ctx.Value(tenantsKey{}).([]string)
	if p := Of(ctx); !shared && p != nil {
		tenants = []string{p.Tenant}
	}
	if slices.ContainsFunc(tenants, func(name string) bool { return !ValidTenant(name) }) {
		return nil
	}
	return tenants
}
