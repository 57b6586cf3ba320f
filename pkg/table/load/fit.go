package load

import (
	"context"
	"errors"
	"fmt"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// CheckFit reads the collection's table from the catalog and returns an error that lists every reason why
// the collection does not fit it. It does not check privileges: the role of the connection may be another one
// than that of the workers. It returns table.ErrNotFound if there is no such table.
func CheckFit(ctx context.Context, db table.DB, c *collection.Collection) error {
	definition, err := table.Read(ctx, db, c.Table)
	if err != nil {
		return fmt.Errorf("reading table %s: %w", c.Table, err)
	}
	access, err := table.ReadAccess(ctx, db, definition, nil)
	if err != nil {
		return fmt.Errorf("reading table %s: %w", c.Table, err)
	}
	access.Blocks, access.ClosedSchema = true, ""
	_, err = newTable(definition, nil, c)
	if err := errors.Join(checkAccess(access), err); err != nil {
		return &MisfitError{err}
	}
	return nil
}

// MisfitError says why a collection does not fit its table. It is for those who maintain both.
type MisfitError struct{ reasons error }

func (e *MisfitError) Error() string { return e.reasons.Error() }

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
