package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// readLookups reads the tables of a collection's lookups. t is the collection's own table; without one, lookups are only
// checked. misfit says why they do not fit.
func readLookups(ctx context.Context, db table.DB, c *collection.Collection, own *table.Definition, t *Table) (all []*Lookup, misfit, err error) {
	var misfits []error
	paths := c.LookupPaths()
	for _, declared := range c.Lookups {
		l := &Lookup{Lookup: declared}
		for _, s := range l.By {
			l.by = append(l.by, slices.Index(paths, s.Path))
		}
		for _, s := range l.Create {
			l.create = append(l.create, slices.Index(paths, s.Path))
		}
		misfit, err := l.read(ctx, db, own, t)
		if err != nil {
			return nil, nil, fmt.Errorf("reading table %s of the lookup of %q: %w", l.Table, l.Member, err)
		}
		for _, reason := range flattenAll(misfit) {
			misfits = append(misfits, l.misfit(reason))
		}
		all = append(all, l)
	}
	return all, errors.Join(misfits...), nil
}

func flattenAll(err error) []string {
	if err == nil {
		return nil
	}
	return flatten(err)
}

func (l *Lookup) misfit(reason string) error {
	return fmt.Errorf("the lookup of %q in %s: %s", l.Member, l.Table, reason)
}

// read reads the other table.
func (l *Lookup) read(ctx context.Context, db table.DB, own *table.Definition, t *Table) (misfit, err error) {
	l.definition, err = table.Read(ctx, db, l.Table)
	if errors.Is(err, table.ErrNotFound) {
		return errors.New("there is no such table: create it, or correct the name"), nil
	} else if err != nil {
		return nil, err
	}
	if misfit := l.checkColumns(); misfit != nil {
		return misfit, nil
	}
	if misfit, err := l.chooseValue(ctx, db, own); misfit != nil || err != nil {
		return misfit, err
	}
	access, err := table.ReadAccess(ctx, db, l.definition, nil, "")
	if err != nil {
		return nil, err
	}
	access.Blocks, access.ClosedSchema = true, "" // checked by checkRole
	if misfit := l.describe(access, t); misfit != nil {
		return misfit, nil
	}
	if l.Missing != collection.CreateMissing {
		return nil, nil
	}
	return l.describeRows(ctx, db, access)
}

// checkColumns checks the columns that the lookup names.
func (l *Lookup) checkColumns() error {
	names := []string{l.Value}
	if l.Value == "" {
		names = nil
	}
	for _, s := range slices.Concat(l.By, l.Create) {
		names = append(names, s.Column)
	}
	var errs []error
	for _, name := range names {
		if _, ok := l.definition.Find(name); !ok {
			errs = append(errs, fmt.Errorf("there is no column %q: add it, or correct the name", name))
		}
	}
	return errors.Join(errs...)
}

// chooseValue sets the column whose value is used, unless it is stated: that to which the foreign key refers.
func (l *Lookup) chooseValue(ctx context.Context, db table.DB, own *table.Definition) (misfit, err error) {
	if l.Value != "" {
		return nil, nil
	}
	columns, err := own.ReadReferenced(ctx, db, l.Member, l.definition)
	switch {
	case err != nil:
		return nil, err
	case len(columns) != 1 || columns[0] == "":
		return fmt.Errorf("value must name the column whose value is used, because there is no single foreign key from %q to this table that says it", l.Member), nil
	}
	l.Value = columns[0]
	return nil, nil
}

// describe sets what the lookup needs to find rows.
func (l *Lookup) describe(a *table.Access, t *Table) error {
	if a.Inherited {
		return errors.New("other tables inherit from it, so that a key can exist twice")
	}
	if l.definition.View != nil && l.definition.View.Base == 0 {
		return errors.New("it is a view without a unique index of its own: name the table that has the index")
	}
	read := *l.definition
	read.Columns = slices.Clone(read.Columns)
	for i := range read.Columns {
		read.Columns[i].Generated = false // it is only read
	}
	var err error
	if l.keys, err = newTable(&read, a, nil, l.target(collection.Update)); err != nil {
		return l.explainKey(err)
	}
	l.setSQL()
	if t == nil {
		return nil
	}
	l.filled = t.columns[t.field(l.Member)-t.bookkeeping]
	value, err := newColumn(&read, collection.Property{Name: l.Value}, false)
	if err == nil && (value.form() != l.filled.form() || value.textForm && value.baseName != l.filled.baseName) {
		err = fmt.Errorf("its column %q has the type %s, but the column %q that it fills has the type %s", l.Value, value.typeName, l.Member, l.filled.typeName)
	}
	return err
}

// explainKey returns the error for a natural key that has no unique index in words that suit a lookup.
func (l *Lookup) explainKey(err error) error {
	columns := l.target(collection.Update).Key
	if checkKey(l.definition, columns) == nil {
		return err
	}
	quoted := make([]string, len(columns))
	for i, name := range columns {
		quoted[i] = quote(name)
	}
	return fmt.Errorf("by needs a primary key or a unique index on exactly (%s), which is not deferrable, not partial and not on expressions:"+
		" CREATE UNIQUE INDEX ON %s (%s)", strings.Join(columns, ", "), l.quotedTable(), strings.Join(quoted, ", "))
}

// describeRows sets what the lookup needs to create rows.
func (l *Lookup) describeRows(ctx context.Context, db table.DB, a *table.Access) (misfit, err error) {
	constraints, err := table.ReadConstraints(ctx, db, l.definition)
	if err != nil {
		return nil, err
	}
	defaults, err := table.ReadDefaults(ctx, db, l.definition)
	if err != nil {
		return nil, err
	}
	target := l.target(collection.Insert, l.Create...)
	rows, misfit := newTable(l.definition, a, defaults, target)
	if misfit := errors.Join(misfit, checkAccess(a, target)); misfit != nil {
		return misfit, nil
	}
	rows.setAccess(l.definition, constraints, a)
	l.rows = rows
	return nil, nil
}

// checkRole checks that a role, or if that is empty the role of the connection, may do what the lookup needs.
func (l *Lookup) checkRole(ctx context.Context, db table.DB, role string) (misfit, err error) {
	if l.definition == nil || l.keys == nil {
		return nil, nil // the reason is another one
	}
	unreadable, err := table.ReadUnreadable(ctx, db, l.definition, l.columnsRead(), role)
	if err != nil {
		return nil, err
	}
	var errs []error
	if unreadable.ClosedSchema != "" {
		errs = append(errs, l.misfit(checkSchema(&table.Access{Role: unreadable.Role, ClosedSchema: unreadable.ClosedSchema}).Error()))
	}
	if l.Missing != collection.CreateMissing {
		if len(unreadable.Columns) > 0 {
			errs = append(errs, l.misfit(fmt.Sprintf("the role %s may not read the columns %s: GRANT SELECT ON %s TO %s",
				unreadable.Role, strings.Join(unreadable.Columns, ", "), l.quotedTable(), quote(unreadable.Role))))
		}
		return errors.Join(errs...), nil
	}
	columns := writtenColumns(l.target(collection.Insert, l.Create...))
	access, err := table.ReadAccess(ctx, db, l.definition, columns, role)
	if err != nil {
		return nil, err
	}
	if lacking := checkNeeded(l.quotedTable(), access, privileges(collection.Insert)); lacking != nil {
		errs = append(errs, l.misfit(lacking.Error()))
	}
	return errors.Join(errs...), nil
}

// checkLookups checks that a role may do what the lookups need.
func checkLookups(ctx context.Context, db table.DB, all []*Lookup, role string) (misfit, err error) {
	var misfits []error
	for _, l := range all {
		misfit, err := l.checkRole(ctx, db, role)
		if err != nil {
			return nil, fmt.Errorf("reading table %s of the lookup of %q: %w", l.Table, l.Member, err)
		}
		misfits = append(misfits, misfit)
	}
	return errors.Join(misfits...), nil
}
