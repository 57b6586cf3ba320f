package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/table"
)

// conditions are the constraints of a table that queries evaluate for all rows of a batch at once.
type conditions struct {
	values []valueCheck
	rows   []rowCheck
	// prefix begins each query of rows.
	prefix string
	// needed marks the fields of an encoded row that the queries read. The others are sent as NULL.
	needed []bool
	// chained reports whether the refusal of one row can be the reason to refuse another: the table
	// refers to itself or has a second unique key.
	chained bool
	// secondary are the names of the unique indexes other than those of the key.
	secondary []string
	// doubtful reports whether a trigger can change the results of rowChecks that read a table.
	doubtful bool
}

// valueCheck finds values that the type of their column refuses. Its query returns the places,
// counted from 1, of the refused values in its array.
type valueCheck struct {
	rejection pgconn.PgError
	field     int
	// elementOID is the type of the array's elements.
	elementOID uint32
	sql        string
}

// rowCheck finds rows that a constraint refuses. Its query returns the places of rows, and for
// each 0 if the row is refused. Any other number names a group of rows with the same unique values,
// of which only the first can be written.
type rowCheck struct {
	rejection pgconn.PgError
	sql       string
	// reads reports whether the query reads a table, and not the rows of the batch alone.
	reads bool
}

// newConditions returns the conditions of the table. d, c and a describe it.
func (t *Table) newConditions(d *table.Definition, c *table.Constraints, a *table.Access) conditions {
	s := conditions{needed: make([]bool, t.fields()), doubtful: a.LateTriggers}
	for i := range t.keyLength + t.bookkeeping {
		s.needed[i] = true
	}
	s.values = t.valueChecks(d, c)
	for _, u := range c.Unique {
		if !t.isKey(u) {
			s.secondary = append(s.secondary, u.Name)
		}
	}
	// A trigger may correct what the constraint would refuse; a policy may refuse a row before it.
	if a.EarlyTriggers || a.RowSecurity {
		return s
	}
	q := querier{table: t, name: d.Name}
	for _, k := range c.Checks {
		s.add(t, k.Columns, rejected(checkViolation, k.Name), q.check(k))
	}
	for _, u := range c.Unique {
		if u.Operators != nil && s.doubtful {
			continue // which of two rows is written depends on their order, which rows that are tried again would not keep
		}
		if !t.isKey(u) && s.add(t, u.Columns, rejected(uniqueCode(u), u.Name), q.unique(u)) {
			s.chained = true
		}
	}
	for _, k := range c.ForeignKeys {
		if !s.add(t, k.Columns, rejected(foreignKeyViolation, k.Name), q.foreignKey(k)) || !k.Self {
			continue
		}
		s.chained = true
		for _, name := range k.Referenced {
			s.need(t, name)
		}
	}
	for i := range t.columns {
		column, _ := d.Find(t.columns[i].name)
		s.needed[i+t.bookkeeping] = s.needed[i+t.bookkeeping] || column.Type != column.Base // a domain may refuse NULL
	}
	s.prefix = q.prefix()
	return s
}

func rejected(code, constraint string) pgconn.PgError {
	return pgconn.PgError{Code: code, ConstraintName: constraint}
}

// add adds a check, unless it uses a column that records cannot set.
func (s *conditions) add(t *Table, columns []string, rejection pgconn.PgError, sql string) bool {
	for _, name := range columns {
		if t.field(name) < 0 {
			return false
		}
	}
	for _, name := range columns {
		s.need(t, name)
	}
	s.rows = append(s.rows, rowCheck{rejection: rejection, sql: fmt.Sprintf(sql, len(s.rows)), reads: rejection.Code != checkViolation})
	return true
}

func (s *conditions) need(t *Table, name string) {
	if field := t.field(name); field >= 0 {
		s.needed[field] = true
	}
}

// field returns the index of the column in an encoded row; -1 if records cannot set it.
func (t *Table) field(name string) int {
	if i := slices.Index([]string{importNumberColumn, importRowColumn}[:t.bookkeeping], name); i >= 0 {
		return i
	}
	i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return -1
	}
	return i + t.bookkeeping
}

// isKey reports whether the unique index is one of the collection's key.
func (t *Table) isKey(u table.UniqueKey) bool {
	var key []string
	for _, c := range t.columns[:t.keyLength] {
		key = append(key, c.name)
	}
	return u.Predicate == "" && u.Operators == nil && len(u.Expressions) == len(key) && table.SameColumns(u.Columns, key)
}

// uniqueCode returns the SQLSTATE of a violation of the index.
func uniqueCode(u table.UniqueKey) string {
	if u.Operators != nil {
		return exclusionViolation
	}
	return uniqueViolation
}

// valueChecks returns the checks of enums, of numbers that rounding makes too large, and of domains,
// in the order in which COPY reads the columns.
func (t *Table) valueChecks(d *table.Definition, c *table.Constraints) []valueCheck {
	var checks []valueCheck
	add := func(name string, oid uint32, typeName string, rejection pgconn.PgError, condition string) {
		if field := t.field(name); field >= 0 {
			checks = append(checks, valueCheck{rejection: rejection, field: field, elementOID: oid, sql: "SELECT longshore.place::int4 FROM unnest($1::" +
				typeName + "[]) WITH ORDINALITY AS longshore (value, place) WHERE " + condition})
		}
	}
	for i := range t.columns {
		definition, _ := d.Find(t.columns[i].name)
		switch c := &t.columns[i]; {
		case definition.Enum:
			add(c.name, pgtype.TextOID, "text", pgconn.PgError{Code: invalidText, ColumnName: c.name}, "value <> ALL (enum_range(NULL::"+definition.BaseName+")::text[])")
		case definition.Base == pgtype.NumericOID && c.precision > 0:
			add(c.name, definition.Base, definition.BaseName, rejected(numberOutOfRange, ""),
				fmt.Sprintf("abs(round(value, %d)) >= 10::numeric ^ %d", c.scale, c.precision-c.scale))
		}
	}
	for _, k := range c.Domains {
		definition, _ := d.Find(k.Column)
		if definition.Element == 0 && !definition.Enum && !t.hasTextForm(k.Column) {
			add(k.Column, definition.Base, definition.BaseName, rejected(checkViolation, k.Name), "("+k.Expression+") IS FALSE")
		}
	}
	slices.SortStableFunc(checks, func(x, y valueCheck) int { return x.field - y.field })
	return checks
}

// querier builds the queries of row checks. In them, "incoming" are the rows of the batch and
// "written" those that no row of a later import supersedes; longshore_place counts them from 1.
// Each query has the format verb %d for the number of its check.
type querier struct {
	table *Table
	// name is the table's name without its schema, which expressions may use.
	name string
}

func (q querier) prefix() string {
	var names []string
	for _, a := range q.table.attributes {
		names = append(names, quote(a.name))
	}
	names = append(names, "longshore_place")
	return "WITH incoming AS MATERIALIZED (SELECT * FROM unnest($1::" + q.table.name + "[]) WITH ORDINALITY AS incoming (" +
		strings.Join(names, ", ") + ")), " +
		"written AS MATERIALIZED (SELECT * FROM incoming WHERE NOT EXISTS (SELECT FROM " + q.table.name + " AS longshore_old WHERE " +
		q.table.sameKey("longshore_old", "incoming") + " AND " + q.table.laterThan("longshore_old", "incoming") + ")) "
}

func (q querier) check(k table.Check) string {
	return "SELECT %d, longshore_place::int4, 0 FROM incoming AS " + escape(quote(q.name)) + " WHERE (" + escape(k.Expression) + ") IS FALSE"
}

// foreignKey finds rows whose parent does not exist. Rows of the batch are parents too. A row that
// keeps a value that was there before the constraint is not checked by Postgres either.
func (q querier) foreignKey(k table.ForeignKey) string {
	var filled, empty, matched, unchanged []string
	for i, own := range k.Columns {
		own = quote(own)
		filled = append(filled, "written."+own+" IS NOT NULL")
		empty = append(empty, "written."+own+" IS NULL")
		matched = append(matched, "longshore_parent."+quote(k.Referenced[i])+" "+k.Operators[i]+" written."+own)
		unchanged = append(unchanged, "longshore_old."+own+" IS NOT DISTINCT FROM written."+own)
	}
	exists := func(source string) string {
		return " AND NOT EXISTS (SELECT FROM " + source + " AS longshore_parent WHERE " + strings.Join(matched, " AND ") + ")"
	}
	condition := strings.Join(filled, " AND ") + exists(k.Parent)
	if k.Self {
		condition += exists("written")
	}
	if k.Full && len(k.Columns) > 1 {
		condition = "(" + condition + " OR (" + strings.Join(empty, " OR ") + ") AND NOT (" + strings.Join(empty, " AND ") + "))"
	}
	if !k.Validated {
		condition += " AND NOT EXISTS (SELECT FROM " + q.table.name + " AS longshore_old WHERE " + q.table.sameKey("longshore_old", "written") +
			" AND " + strings.Join(unchanged, " AND ") + ")"
	}
	return "SELECT %d, longshore_place::int4, 0 FROM written WHERE " + escape(condition)
}

// unique finds rows whose values belong to a row of the table that is not written by this batch,
// and groups of rows of the batch with the same values. A row that the batch also writes is no
// evidence, because it may have other values by then. Rows of the batch that conflict with each
// other under an exclusion constraint are not found: that would compare each row with each other.
func (q querier) unique(u table.UniqueKey) string {
	var selected, matched, names, filled []string
	for i, expression := range u.Expressions {
		name := fmt.Sprintf("longshore_value%d", i)
		names = append(names, name)
		selected = append(selected, "("+expression+") AS "+name)
		operator := "="
		if u.Operators != nil {
			operator = u.Operators[i]
		}
		matched = append(matched, "("+expression+") "+operator+" longshore_given."+name)
		filled = append(filled, name+" IS NOT NULL")
	}
	where, and := "", ""
	if u.Predicate != "" {
		where, and = " WHERE ("+u.Predicate+")", " AND ("+u.Predicate+")"
	}
	alias := " AS " + quote(q.name)
	given := "(SELECT longshore_place, " + strings.Join(selected, ", ") + " FROM written" + alias + where + ")"
	held := "SELECT FROM " + q.table.name + alias + " WHERE " + strings.Join(matched, " AND ") + and +
		" AND NOT EXISTS (SELECT FROM incoming AS longshore_new WHERE " + q.table.sameKey("longshore_new", quote(q.name)) + ")"
	found := "SELECT %[1]d, longshore_place::int4, 0 FROM " + escape(given+" AS longshore_given WHERE EXISTS ("+held+")")
	if u.Operators != nil {
		return found
	}
	groups := "SELECT longshore_place, min(longshore_place) OVER same AS longshore_first, count(*) OVER same AS longshore_rows FROM " +
		given + " AS longshore_given WHERE " + strings.Join(filled, " AND ") +
		" WINDOW same AS (PARTITION BY " + strings.Join(names, ", ") + ")"
	return found + " UNION ALL SELECT %[1]d, longshore_place::int4, longshore_first::int4 FROM (" + escape(groups) + ") AS longshore_group WHERE longshore_rows > 1"
}

// escape escapes a text for use in a format.
func escape(sql string) string { return strings.ReplaceAll(sql, "%", "%%") }

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// sameKey returns the SQL condition that two rows have the same key.
func (t *Table) sameKey(x, y string) string {
	equal := make([]string, t.keyLength)
	for i, c := range t.columns[:t.keyLength] {
		equal[i] = x + "." + quote(c.name) + " " + c.equal + " " + y + "." + quote(c.name)
	}
	return strings.Join(equal, " AND ")
}

// laterThan returns the SQL condition that the row that exists supersedes the incoming one.
func (t *Table) laterThan(existing, incoming string) string {
	if t.bookkeeping == 0 {
		return "FALSE"
	}
	return existing + ".import_row IS NOT NULL AND (" + existing + ".import_number, " + existing + ".import_row) >= (" +
		incoming + ".import_number, " + incoming + ".import_row)"
}
