// Package definition checks the definitions of collections that clients and folders define, and stores them as
// versions.
package definition

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/schema"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/fit"
)

// Store stores versions of collections, and checks whether a collection fits its table. *store.Store implements it.
type Store interface {
	fit.Store
	ChangeCollection(
		ctx context.Context, tenant, name string, decide func(store.CollectionVersion) (store.CollectionVersion, error),
	) (next store.CollectionVersion, changed bool, err error)
}

// Order asks for a version of a collection.
type Order struct {
	// Tenant uses the collection; collection.Shared if all tenants do.
	Tenant, Name string
	// Definition is the JSON Schema.
	Definition json.RawMessage
	// FromFolder reports whether it comes from a folder of collection files.
	FromFolder bool
	// Unchecked stores the definition also if it does not fit its table.
	Unchecked bool
	// CreatedBy is who asks for it.
	CreatedBy string
	// Allow decides, by the version in force, whether the order is carried out; nil if it always is. Version 0 means
	// that there never was one.
	Allow func(current store.CollectionVersion) error
}

// Put stores a definition as the version in force, unless it is already. It returns a fault of kind Invalid if the
// definition is not valid, and of kind Conflict if it does not fit its table.
func Put(ctx context.Context, s Store, o Order) (stored store.CollectionVersion, changed bool, err error) {
	parsed, err := Parse(o.Tenant, o.Name, o.Definition)
	if err != nil {
		return store.CollectionVersion{}, false, err
	}
	if !o.Unchecked {
		reasons, err := fit.Reasons(ctx, s, parsed, parsed.Writing.Mode)
		if err != nil {
			return store.CollectionVersion{}, false, err
		}
		if len(reasons) > 0 {
			return store.CollectionVersion{}, false, fault.New(fault.Conflict, "collection-does-not-fit",
				"The collection was not stored, because it does not fit its table: %s. ?check=false, or the flag --no-check of the command, stores it nevertheless.", strings.Join(reasons, "; ")).
				With("reasons", reasons)
		}
	}
	return o.store(ctx, s)
}

// Delete stores a version that deletes the collection. It returns a fault of kind NotFound if the tenant has none
// with the name.
func Delete(ctx context.Context, s Store, o Order) error {
	allow := o.Allow
	o.Definition = nil
	o.Allow = func(current store.CollectionVersion) error {
		if current.Deleted() {
			return collection.Unknown(o.Name, []string{})
		}
		if allow == nil {
			return nil
		}
		return allow(current)
	}
	_, _, err := o.store(ctx, s)
	return err
}

func (o Order) store(ctx context.Context, s Store) (store.CollectionVersion, bool, error) {
	return s.ChangeCollection(ctx, o.Tenant, o.Name, func(current store.CollectionVersion) (store.CollectionVersion, error) {
		if o.Allow != nil {
			if err := o.Allow(current); err != nil {
				return store.CollectionVersion{}, err
			}
		}
		return store.CollectionVersion{Definition: o.Definition, FromFolder: o.FromFolder, CreatedBy: o.CreatedBy}, nil
	})
}

// Parse returns the collection of a definition for a tenant. It returns a fault of kind Invalid if it is not valid.
//
// A collection must not name a table of Longshore itself but the shipped one, and its lookups none. One of another tenant than the
// default one must be used with the role of the caller: otherwise a tenant could define a collection over the rows
// of another.
func Parse(tenant, name string, definition json.RawMessage) (*collection.Collection, error) {
	if !utf8.Valid(definition) {
		return nil, fault.New(fault.Malformed, "malformed-collection", "The collection is not encoded in UTF-8.")
	}
	parsed, err := collection.Parse(name, definition)
	if err == nil {
		_, err = schema.Compile(parsed)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid-collection", "%s.", edge.Capitalize(strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
	if isOurs(parsed.Table) && !isTools(parsed.Table) {
		return nil, ourTable(parsed.Table, "/x-longshore/table")
	}
	for _, l := range parsed.Lookups {
		if isOurs(l.Table) {
			return nil, ourTable(l.Table, record.Pointer("x-longshore", "lookups", l.Member, "table"))
		}
	}
	if tenant != access.DefaultTenant && tenant != collection.Shared && parsed.Role != access.RoleOfCaller {
		return nil, fault.New(fault.Forbidden, "role-required",
			`The collections of this tenant are used with the role of the caller: set "role": %q in x-longshore.`, access.RoleOfCaller).
			With("pointer", "/x-longshore/role")
	}
	return parsed, nil
}

// isOurs reports whether a table belongs to Longshore itself; isTools whether it is the one of the shipped collection.
func isOurs(name string) bool {
	names, err := collection.ParseTable(name)
	return err == nil && len(names) == 2 && names[0] == "xforce"
}

func isTools(name string) bool {
	names, err := collection.ParseTable(name)
	return err == nil && names[len(names)-1] == "tools"
}

func ourTable(name, pointer string) error {
	return fault.New(fault.Invalid, "invalid-collection", "The table %s belongs to Longshore itself. Name a table of yours.", name).
		With("pointer", pointer)
}
