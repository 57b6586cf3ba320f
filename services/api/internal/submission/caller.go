package submission

import (
	"slices"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// callerOf returns on whose behalf an operation uses the collection's table.
func (h Headers) callerOf(c *collection.Collection) (access.Caller, error) {
	if c.Role == "" {
		return access.Caller{}, nil
	}
	if h.principal == nil {
		return access.Caller{}, noRole(c)
	}
	caller, err := access.NewCaller(h.principal, c.Role)
	switch {
	case err != nil:
		return access.Caller{}, err
	case caller.Role == "":
		return access.Caller{}, noRole(c)
	case !slices.Contains(h.roles, caller.Role):
		return access.Caller{}, fault.New(fault.Forbidden, "role-not-allowed",
			"The collection %q would be used with the role %q, which this installation does not allow. An operator has to add it to LONGSHORE_ROLES.",
			c.Name, caller.Role)
	}
	return caller, nil
}

func noRole(c *collection.Collection) error {
	return fault.New(fault.Forbidden, "role-missing",
		"The collection %q is used with the role of the caller, and your credential has none. Use a key or a token with a role.", c.Name)
}

// RequireReader returns a fault of kind Forbidden unless the principal may read what an operation has
// read or received: records, results, failures and files. If the collection's table is used with a role,
// only the principal who started the operation may, and one with the same role and claims.
func RequireReader(p *access.Principal, collections *collection.Catalog, op *operation.Operation) error {
	if op.Caller.Role == "" {
		return nil
	}
	if p != nil {
		role := access.RoleOfCaller
		if c, ok := collections.Get(op.Tenant, op.Collection); ok && c.Role != "" {
			role = c.Role
		}
		caller, err := access.NewCaller(p, role)
		if p.ID == op.Principal || err == nil && caller.Equal(op.Caller) {
			return nil
		}
	}
	return fault.New(fault.Forbidden, "another-caller",
		"The operation has read or written records on behalf of another caller. Only that caller can read them.")
}
