package limits

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/quota"
)

// Usage describes the arguments of Run.
const Usage = `limits set TENANT '{"requests_per_day": n, "bytes_per_day": n, "records_per_day": n, "concurrent_operations": n,
                        "queued_operations": n, "staged_bytes": n}'
                        set the limits of a tenant; those that are missing or 0 do not exist
       %[1]s limits unset TENANT
                        remove the limits of a tenant: it has those of LONGSHORE_TENANT_LIMITS again
       %[1]s limits list
                        list the tenants that have limits of their own`

// ErrUsage is returned for wrong arguments.
var ErrUsage = errors.New("wrong arguments")

// TenantStore stores the limits of tenants. *store.Store implements it.
type TenantStore interface {
	TenantLimits(ctx context.Context) (map[string]quota.Limits, error)
	SetTenantLimits(ctx context.Context, tenant string, l quota.Limits) error
	UnsetTenantLimits(ctx context.Context, tenant string) error
}

// Run runs the command limits with its arguments, and prints to out.
func Run(ctx context.Context, db TenantStore, args []string, out io.Writer) error {
	switch {
	case len(args) == 3 && args[0] == "set":
		return set(ctx, db, args[1], args[2])
	case len(args) == 2 && args[0] == "unset":
		return db.UnsetTenantLimits(ctx, args[1])
	case len(args) == 1 && args[0] == "list":
		all, err := db.TenantLimits(ctx)
		if err != nil {
			return err
		}
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	return ErrUsage
}

func set(ctx context.Context, db TenantStore, tenant, text string) error {
	if !access.ValidTenant(tenant) {
		return fmt.Errorf("%w: %q is not the name of a tenant: %s", ErrUsage, tenant, access.TenantRule)
	}
	l, err := quota.Parse([]byte(text))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return db.SetTenantLimits(ctx, tenant, l)
}
