package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// Describe reads the definition of the collection's table from the catalog and checks that the
// collection fits it. The error lists every problem and how to correct it. Call Describe again
// after the table was changed.
func Describe(ctx context.Context, db table.DB, c *collection.Collection) (*Table, error) {
	definition, err := table.Read(ctx, db, c.Table)
	if err != nil {
		return nil, fmt.Errorf("describing table %s: %w", c.Table, err)
	}
	constraints, err := table.ReadConstraints(ctx, db, definition)
	if err != nil {
		return nil, fmt.Errorf("describing table %s: %w", c.Table, err)
	}
	access, err := table.ReadAccess(ctx, db, definition, writtenColumns(c), "")
	if err != nil {
		return nil, fmt.Errorf("describing table %s: %w", c.Table, err)
	}
	defaults, err := table.ReadDefaults(ctx, db, definition)
	if err != nil {
		return nil, fmt.Errorf("describing table %s: %w", c.Table, err)
	}
	t, misfit := newTable(definition, access, defaults, c)
	lookups, misfitOfLookups, err := readLookups(ctx, db, c, definition, t)
	if err != nil {
		return nil, err
	}
	lacking, err := checkLookups(ctx, db, lookups, "")
	if err != nil {
		return nil, err
	}
	misfit = errors.Join(checkPrivileges(definition.QuotedName(), access, c), checkAccess(access, c), misfit, misfitOfLookups, lacking)
	if misfit != nil {
		return nil, fmt.Errorf("collection %q does not fit table %s: %w", c.Name, c.Table, &MisfitError{misfit})
	}
	t.lookups = lookups
	t.setAccess(definition, constraints, access)
	return t, nil
}

// setAccess sets what depends on the constraints that the role can evaluate, and on how it can write.
func (t *Table) setAccess(d *table.Definition, c *table.Constraints, a *table.Access) {
	t.rowTriggers, t.selfReferences, t.rowSecurity = a.RowTriggers, a.SelfReferences, a.RowSecurity
	t.conditions, t.checked = t.newConditions(d, c, a), checkedColumns(c)
}

func writtenColumns(c *collection.Collection) []string {
	columns := bookkeepingOf(c)
	for _, p := range c.Properties {
		columns = append(columns, p.Name)
	}
	return columns
}

// bookkeepingOf returns the bookkeeping columns of a collection's table.
func bookkeepingOf(c *collection.Collection) []string {
	if c.Ordering != collection.OrderedByColumns {
		return nil
	}
	return []string{importNumberColumn, importRowColumn}
}

func newTable(d *table.Definition, a *table.Access, defaults []table.Default, c *collection.Collection) (*Table, error) {
	t := &Table{
		name: d.QuotedName(), rowType: d.RowType, deferrable: d.Deferrable, keyLength: len(c.Key), bookkeeping: len(bookkeepingOf(c)),
		access: a, kinds: newKinds(d, a), hideMessages: c.HideTriggerMessages, writing: c.Writing, incomplete: checkUndeclared(d, defaults, c),
	}
	fields := make(map[string]int)
	for i, name := range bookkeepingOf(c) {
		fields[name] = i
	}
	errs := []error{checkKind(d), checkBookkeeping(d, c), checkKey(d, c.Key)}
	if c.Writing.Mode.Creates() {
		errs = append(errs, t.incomplete)
	}
	for _, member := range writeOrder(c) {
		p := c.Properties[member]
		column, err := newColumn(d, p, slices.Contains(c.Key, p.Name))
		errs = append(errs, err)
		column.member, column.round = member, c.Round
		column.setStandard(d, defaults)
		fields[p.Name] = len(fields)
		t.columns = append(t.columns, column)
		t.textual = t.textual || column.textForm
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, column := range d.Columns {
		field, declared := fields[column.Name]
		if !declared {
			field = -1
		}
		a := attribute{name: column.Name, typeOID: column.Type, field: field, refusesNull: column.Required && column.Type != column.Base}
		if a.unset = !declared && column.Type != column.Base; a.unset && defaultOf(defaults, column) != "" {
			a.standard = "(" + defaultOf(defaults, column) + ")::" + column.BaseName
		}
		t.attributes = append(t.attributes, a)
	}
	for _, standard := range defaults {
		if standard.Sequence != nil && t.field(standard.Column) < 0 {
			t.undeclared = append(t.undeclared, standard)
		}
	}
	t.setOperators(d, c.Key)
	t.buildSQL()
	t.ranking = t.newRanking(d)
	if err := t.checkLedger(c); err != nil {
		return nil, err
	}
	return t, nil
}

// writeOrder returns the indexes of the properties in the order in which their columns are written:
// the key's first, in its order.
func writeOrder(c *collection.Collection) []int {
	var order []int
	for _, name := range c.Key {
		order = append(order, slices.IndexFunc(c.Properties, func(p collection.Property) bool { return p.Name == name }))
	}
	for i, p := range c.Properties {
		if !slices.Contains(c.Key, p.Name) {
			order = append(order, i)
		}
	}
	return order
}

// Warnings says what in the table's definition may surprise those who import into it; nil if
// nothing.
func (t *Table) Warnings() []string {
	var warnings []string
	if len(t.rowTriggers) > 0 {
		warnings = append(warnings, fmt.Sprintf("%s has BEFORE ROW triggers (%s): what they change or drop differs from what was sent, and records that"+
			" the table refuses are found one by one", t.name, strings.Join(t.rowTriggers, ", ")))
	}
	if !t.kinds.upserts && t.keyLength > 0 {
		warnings = append(warnings, t.name+" has rules, or is a view that has triggers, rules or a condition: Postgres has no ON CONFLICT for it, so records are"+
			" written one by one, and chunks one after the other")
	}
	return warnings
}

// setOperators sets the operators with which the unique index of the key compares its columns. Those of a type
// of an extension may not be in the search path.
func (t *Table) setOperators(d *table.Definition, key []string) {
	for i := range t.columns[:t.keyLength] {
		t.columns[i].equal = "="
	}
	for _, index := range d.UniqueIndexes {
		if !index.Arbiter || !table.SameColumns(index.Columns, key) {
			continue
		}
		for i := range t.columns[:t.keyLength] {
			t.columns[i].equal = index.Equal[slices.Index(index.Columns, t.columns[i].name)]
		}
		return
	}
}

// newColumn returns the column of a property with the codec of its type. If there is an error, the
// column is incomplete.
func newColumn(d *table.Definition, p collection.Property, inKey bool) (column, error) {
	definition, err := d.Column(p)
	if err != nil {
		return column{}, err
	}
	c := column{name: definition.Name, required: definition.Required || inKey, typeName: definition.TypeName, baseName: definition.BaseName}
	if definition.Generated {
		return c, fmt.Errorf("column %q is generated by Postgres: remove the property", c.name)
	}
	c.setCodec(definition)
	c.setLimits(definition)
	return c, c.checkTypes(p)
}

// setStandard sets the column's default. A volatile default of a domain that refuses NULL is no use: a
// row cannot be sent without a value.
func (c *column) setStandard(d *table.Definition, defaults []table.Default) {
	i := slices.IndexFunc(defaults, func(v table.Default) bool { return v.Column == c.name })
	definition, known := d.Find(c.name)
	if i < 0 || !known || defaults[i].Volatile && !definition.HasDefault {
		return
	}
	c.standard = &defaults[i]
	if !c.standard.Volatile {
		c.standardSQL = "CAST((" + c.standard.Expression + ") AS " + c.baseName + ")"
	}
}

// checkTypes returns an error if the column would reject every value of the property.
func (c *column) checkTypes(p collection.Property) error {
	zoneless := c.base == pgtype.TimestampOID || c.base == pgtype.TimeOID
	if zoneless && slices.Contains([]string{"date-time", "time"}, p.Format) {
		return fmt.Errorf("property %q has the format %s, which demands an offset from UTC, but its column's type %s has none:"+
			" remove the format or change the type of the column", p.Name, p.Format, c.typeName)
	}
	if len(p.Types) == 0 || len(c.codec.types) == 0 || slices.ContainsFunc(p.Types, func(name string) bool {
		return slices.Contains(c.codec.types, name)
	}) {
		return nil
	}
	return fmt.Errorf("property %q is declared as %s, but its column's type %s needs %s: change the one or the other",
		p.Name, strings.Join(p.Types, " or "), c.typeName, c.form())
}

// DependsOn reports whether records that a foreign key or a lookup refuses may be written after an import into the table
// with the name, as a collection names it: it is a parent, the table of a lookup or, of a deletion, a child. A name without a
// schema may mean a table of any schema.
func (t *Table) DependsOn(name string, mode collection.WriteMode) bool {
	relatives, quoted := t.access.Parents, table.QuoteName(name)
	if mode == collection.Delete {
		relatives = t.access.Children
	}
	is := func(relative string) bool { return relative == quoted || strings.HasSuffix(relative, "."+quoted) }
	return slices.ContainsFunc(relatives, is) ||
		mode != collection.Delete && slices.ContainsFunc(t.lookups, func(l *Lookup) bool { return is(l.quotedTable()) })
}
