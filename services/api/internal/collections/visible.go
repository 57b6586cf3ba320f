package collections

import (
	"context"
	"encoding/json"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// roleIn returns with which role the collections of the request's tenant are used: that of the caller, except in the
// default tenant, where nothing is demanded.
func roleIn(ctx context.Context) string {
	if p := access.Of(ctx); p != nil && p.Tenant != access.DefaultTenant {
		return access.RoleOfCaller
	}
	return ""
}

// requireVisible returns a fault unless the principal may know the definition of a table. Those of another tenant than
// the default one may know what their role may read: a table of another tenant does not exist for them.
func (h *Handler) requireVisible(ctx context.Context, name string) error {
	if roleIn(ctx) == "" {
		return nil
	}
	role := access.Of(ctx).Role
	if role == "" {
		return fault.New(fault.Forbidden, "role-missing", "Collections of this tenant are used with the role of the caller, and your credential has none.")
	}
	visible, err := h.Store.IsTableVisible(ctx, name, role)
	if err != nil {
		return err
	}
	if !visible {
		return tableNotFound(name)
	}
	return nil
}

// tablesOf returns the tables of a definition, also those of its lookups; none if the definition is not valid, which is
// found later.
func tablesOf(definition json.RawMessage) (names []string) {
	parsed, err := collection.Parse("any", definition)
	if err != nil {
		return nil
	}
	names = append(names, parsed.Table)
	for _, l := range parsed.Lookups {
		names = append(names, l.Table)
	}
	return names
}

func tableNotFound(name string) error {
	return fault.New(fault.NotFound, "table-not-found", "There is no table %s, or the api's role in Postgres can't see it.", name)
}
