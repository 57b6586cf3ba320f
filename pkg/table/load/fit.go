package load

import (
	"context"
	"errors"
	"fmt"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// CheckFit reads the collection's table from the catalog and returns a *MisfitError that lists every reason why
// the collection does not fit it. Records are written in the mode by one of the roles, at least one of which must
// have the privileges; an empty one is the role of the connection. Without roles, privileges are not checked. It
// returns table.ErrNotFound if there is no such table.
func CheckFit(ctx context.Context, db table.DB, c *collection.Collection, mode collection.WriteMode, roles ...string) error {
	definition, err := table.Read(ctx, db, c.Table)
	if err != nil {
		return fmt.Errorf("reading table %s: %w", c.Table, err)
	}
	access, err := table.ReadAccess(ctx, db, definition, nil, "")
	if err != nil {
		return fmt.Errorf("reading table %s: %w", c.Table, err)
	}
	access.Blocks, access.ClosedSchema = true, ""
	written := *c
	written.Writing.Mode = mode
	t, misfit := newTable(definition, access, nil, &written)
	lookups, misfitOfLookups, err := readLookups(ctx, db, c, definition, t)
	if err != nil {
		return err
	}
	misfit = errors.Join(checkAccess(access, &written), misfit, misfitOfLookups)
	var lacking error
	for _, role := range roles {
		access, err := table.ReadAccess(ctx, db, definition, writtenColumns(c), role)
		if err != nil {
			return fmt.Errorf("reading table %s: %w", c.Table, err)
		}
		lackingForLookups, err := checkLookups(ctx, db, lookups, role)
		if err != nil {
			return err
		}
		lacking = errors.Join(checkPrivileges(definition.QuotedName(), access, &written), checkSchema(access), lackingForLookups)
		if lacking == nil {
			break
		}
	}
	if err := errors.Join(misfit, lacking); err != nil {
		return &MisfitError{err}
	}
	return nil
}

// MisfitError says why a collection does not fit its table. It is for those who maintain both.
type MisfitError struct{ reasons error }

func (e *MisfitError) Error() string { return e.reasons.Error() }

// Unwrap returns the reasons as one error.
func (e *MisfitError) Unwrap() error { return e.reasons }

// Reasons returns the reasons one by one.
func (e *MisfitError) Reasons() []string { return flatten(e.reasons) }

func flatten(err error) (all []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			all = append(all, flatten(one)...)
		}
		return all
	}
	return []string{err.Error()}
}
