// Package folder stores the collections of a folder of files: by the command collections, and when the api starts.
package folder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wI2L/jsondiff"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/definition"
)

// Store reads and stores collections. *store.Store implements it.
type Store interface {
	definition.Store
	CollectionsSince(ctx context.Context, since int64) ([]store.CollectionVersion, error)
	CollectionWasInFolder(ctx context.Context, tenant, name string, definition json.RawMessage) (bool, error)
}

// createdBy is the principal of versions that come from a folder.
const createdBy = "folder"

// Action is what happens to a collection.
type Action string

// The actions.
const (
	Add    Action = "add"
	Change Action = "change"
	Delete Action = "delete"
	Keep   Action = "keep"
)

// Difference is a collection that differs, or not, between a folder and what is stored.
type Difference struct {
	Action Action
	Name   string
	// Members are the changes of members, one a line, as operations of JSON Patch (RFC 6902).
	Members []string

	definition json.RawMessage
}

// Compare compares the files of a folder with the stored collections of a tenant. With prune, stored collections
// that came from a folder and have no file are deleted; otherwise they are kept and not mentioned.
func Compare(ctx context.Context, s Store, tenant, dir string, prune bool) ([]Difference, error) {
	files, err := collection.ReadFolder(dir)
	if err != nil {
		return nil, err
	}
	stored, err := storedOf(ctx, s, tenant)
	if err != nil {
		return nil, err
	}
	var all []Difference
	var errs []error
	for _, file := range files {
		if _, err := definition.Parse(tenant, file.Name, file.Schema); err != nil {
			errs = append(errs, fmt.Errorf("collection %q: %w", file.Name, err))
			continue
		}
		all = append(all, compare(file, stored[file.Name]))
		delete(stored, file.Name)
	}
	for name, v := range stored {
		if prune && v.FromFolder {
			all = append(all, Difference{Action: Delete, Name: name})
		}
	}
	slices.SortFunc(all, func(x, y Difference) int { return strings.Compare(x.Name, y.Name) })
	return all, errors.Join(errs...)
}

// storedOf returns the stored collections of a tenant that are in force, by name.
func storedOf(ctx context.Context, s Store, tenant string) (map[string]store.CollectionVersion, error) {
	versions, err := s.CollectionsSince(ctx, 0)
	if err != nil {
		return nil, err
	}
	stored := make(map[string]store.CollectionVersion)
	for _, v := range versions {
		if v.Tenant == tenant && !v.Deleted() {
			stored[v.Name] = v
		}
	}
	return stored, nil
}

func compare(file *collection.Collection, stored store.CollectionVersion) Difference {
	d := Difference{Action: Change, Name: file.Name, definition: file.Schema}
	switch {
	case stored.Deleted():
		d.Action = Add
		return d
	case string(stored.Definition) == string(file.Schema):
		d.Action = Keep
		return d
	}
	patch, err := jsondiff.CompareJSON(stored.Definition, file.Schema)
	if err != nil || len(patch) == 0 {
		d.Members = []string{"white space or the order of members"}
	}
	for _, operation := range patch {
		d.Members = append(d.Members, operation.String())
	}
	return d
}

// Apply carries out differences. A collection that does not fit its table is refused unless unchecked is set; the
// others are stored.
func Apply(ctx context.Context, s Store, tenant string, differences []Difference, unchecked bool) error {
	var errs []error
	for _, d := range differences {
		order := definition.Order{
			Tenant: tenant, Name: d.Name, Definition: d.definition, FromFolder: true, Unchecked: unchecked, CreatedBy: createdBy,
		}
		var err error
		switch d.Action {
		case Add, Change:
			_, _, err = definition.Put(ctx, s, order)
		case Delete:
			err = definition.Delete(ctx, s, order)
		case Keep:
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("collection %q: %w", d.Name, err))
		}
	}
	return errors.Join(errs...)
}

// ApplyNew stores those files of a folder whose content was not stored from a folder before, for all tenants.
// The api calls it when it starts, so that a folder from before collections were stored is taken over, and so that
// a process that starts with an older folder does not undo what was stored later. It does not check the tables,
// because collections and tables may be deployed together.
func ApplyNew(ctx context.Context, s Store, dir string) (stored []string, err error) {
	differences, err := Compare(ctx, s, collection.Shared, dir, false)
	if err != nil {
		return nil, err
	}
	for _, d := range differences {
		if d.Action == Keep {
			continue
		}
		was, err := s.CollectionWasInFolder(ctx, collection.Shared, d.Name, d.definition)
		if err != nil {
			return stored, err
		}
		if was {
			continue
		}
		if err := Apply(ctx, s, collection.Shared, []Difference{d}, true); err != nil {
			return stored, err
		}
		stored = append(stored, d.Name)
	}
	return stored, nil
}
