package load

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// checkAccess checks that the rows of a key can be found and written, and that the role can find those that the
// table refuses.
func checkAccess(a *table.Access, c *collection.Collection) error {
	errs := []error{checkSchema(a), checkCommands(a, c.Writing.Mode)}
	if !a.Blocks {
		errs = append(errs, fmt.Errorf("the role %[1]s cannot run PL/pgSQL, with which refused records are found: CREATE LANGUAGE plpgsql"+
			" if it is missing, and GRANT USAGE ON LANGUAGE plpgsql TO %[2]s", a.Role, quote(a.Role)))
	}
	if len(a.Rules) > 0 && len(c.Key) == 0 {
		errs = append(errs, fmt.Errorf("it has rules (%s), because of which it is not known without a key whether a record was written:"+
			" state a key, drop the rules, or replace them by triggers", strings.Join(a.Rules, ", ")))
	}
	if a.Inherited {
		errs = append(errs, errors.New("other tables inherit from it, so that a key can exist twice: import into a table without children"))
	}
	return errors.Join(errs...)
}

// checkSchema checks that the role may use the table's schema.
func checkSchema(a *table.Access) error {
	if a.ClosedSchema == "" {
		return nil
	}
	return fmt.Errorf("the role %s lacks USAGE on the schema: GRANT USAGE ON SCHEMA %s TO %s", a.Role, a.ClosedSchema, quote(a.Role))
}

// checkCommands checks that a view takes the commands that the mode needs.
func checkCommands(a *table.Access, m collection.WriteMode) error {
	var missing []string
	for _, command := range privileges(m) {
		if slices.Contains(a.Refused, command) {
			missing = append(missing, command)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("it is a view that does not take %[1]s: give it an INSTEAD OF trigger for %[1]s, import into its table, or choose another x-longshore.write",
		strings.Join(missing, " and "))
}

func checkKind(d *table.Definition) error {
	switch d.Kind {
	case "r", "p", "v":
		return nil
	case "m":
		return errors.New("it is a materialized view, which Postgres fills by REFRESH: import into the tables from which it reads")
	}
	return errors.New("it is a foreign table, whose keys Postgres cannot look up while it writes: import into the table on its own server")
}

// checkBookkeeping checks the two columns that decide which of two rows is the later one.
func checkBookkeeping(d *table.Definition, c *collection.Collection) error {
	if c.Ordering != collection.OrderedByColumns {
		return nil
	}
	const otherwise = ", or set x-longshore.ordering to ledger, which needs no columns"
	var errs []error
	var missing []string
	for _, needed := range []struct {
		name, typeName string
		typeOID        uint32
	}{{importNumberColumn, "BIGINT", pgtype.Int8OID}, {importRowColumn, "INT", pgtype.Int4OID}} {
		name := needed.name
		column, exists := d.Find(name)
		switch {
		case !exists:
			missing = append(missing, "ADD COLUMN "+name+" "+needed.typeName)
		case column.Type != needed.typeOID:
			errs = append(errs, fmt.Errorf("the bookkeeping column %[1]s must be of the type %[2]s, but is %[3]s: ALTER TABLE %[4]s ALTER COLUMN %[1]s TYPE %[2]s"+otherwise,
				name, needed.typeName, column.TypeName, d.QuotedName()))
		}
		if slices.ContainsFunc(c.Properties, func(p collection.Property) bool { return p.Name == name }) {
			errs = append(errs, fmt.Errorf("property %q bears the name of a bookkeeping column: rename it", name))
		}
	}
	if missing != nil {
		errs = append(errs, fmt.Errorf("the bookkeeping columns are needed: ALTER TABLE %s %s"+otherwise, d.QuotedName(), strings.Join(missing, ", ")))
	}
	return errors.Join(errs...)
}

// checkKey checks that a unique index lets the upsert find the existing row of a key. A view without a table of its own
// has no index: its triggers must keep the key unique.
func checkKey(d *table.Definition, key []string) error {
	if len(key) == 0 || d.View != nil && d.View.Base == 0 {
		return nil
	}
	for _, index := range d.UniqueIndexes {
		if index.Arbiter && table.SameColumns(index.Columns, key) {
			return nil
		}
	}
	return fmt.Errorf("the key needs a primary key or a unique index on exactly (%s), which is not deferrable or partial, and has"+
		" the collations of its columns", strings.Join(key, ", "))
}

// checkUndeclared checks that records can omit every column that the collection does not declare.
func checkUndeclared(d *table.Definition, defaults []table.Default, c *collection.Collection) error {
	var errs []error
	for _, column := range d.Columns {
		declared := slices.ContainsFunc(c.Properties, func(p collection.Property) bool { return p.Name == column.Name })
		if !declared && column.Required && !column.HasDefault && defaultOf(defaults, column) == "" {
			errs = append(errs, fmt.Errorf("column %q is NOT NULL and has no default: declare it as a property or give it a default", column.Name))
		}
	}
	return errors.Join(errs...)
}

// defaultOf returns the default of a column in SQL; empty if it has none, or is an identity.
func defaultOf(defaults []table.Default, column table.Column) string {
	i := slices.IndexFunc(defaults, func(v table.Default) bool { return v.Column == column.Name })
	if i < 0 {
		return ""
	}
	return defaults[i].Expression
}

// checkedColumns returns the columns of the checks that use exactly one column, by the names of the checks. Postgres does not say
// which column a check of a domain refused, so those of domains that several columns have are missing.
func checkedColumns(c *table.Constraints) map[string]string {
	columns := make(map[string][]string)
	for _, k := range c.Checks {
		columns[k.Name] = append(columns[k.Name], k.Columns...)
	}
	for _, k := range c.Domains {
		columns[k.Name] = append(columns[k.Name], k.Column)
	}
	checked := make(map[string]string)
	for name, used := range columns {
		if len(used) == 1 {
			checked[name] = used[0]
		}
	}
	return checked
}
