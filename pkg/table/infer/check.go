package infer

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/table"
)

// Check is a CHECK constraint, or a part of one, that the proposed schema does not repeat. Postgres checks it.
type Check struct {
	Name      string `json:"name"`
	Condition string `json:"condition"`
}

// A check of the table says nothing about records if a trigger or a rule may change the row before. Not one of a domain: a value
// becomes one of the domain before. A check that is not valid need not hold for the rows that exist, and records may delete
// these. A condition that depends on a function, operator or collation that is not Postgres' own may mean anything.
const checksSQL = `
WITH RECURSIVE layers (attname, type) AS (
  SELECT attname, atttypid FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT l.attname, t.typbasetype FROM layers l JOIN pg_type t ON t.oid = l.type AND t.typtype = 'd'),
relations AS (SELECT $1::oid AS oid UNION SELECT relid FROM pg_partition_tree($1)),
checks (attname, deterministic, oid, name, condition, usable) AS (
  SELECT '', true, k.oid, k.conname, pg_get_expr(k.conbin, k.conrelid),
    NOT EXISTS (SELECT FROM pg_trigger g JOIN relations r ON r.oid = g.tgrelid WHERE NOT g.tgisinternal AND g.tgtype & 3 = 3 AND g.tgtype & 20 <> 0)
    AND NOT EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = $1)
  FROM pg_constraint k WHERE k.conrelid = $1 AND k.contype = 'c'
  UNION ALL
  SELECT l.attname, coalesce(c.collisdeterministic, true), k.oid, k.conname, pg_get_expr(k.conbin, 0), true
  FROM layers l JOIN pg_constraint k ON k.contypid = l.type AND k.contype = 'c'
  JOIN pg_type t ON t.oid = l.type LEFT JOIN pg_collation c ON c.oid = t.typcollation)
SELECT c.attname, c.deterministic, c.name, c.condition,
  c.usable AND k.convalidated AND coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_constraint'::regclass AND d.objid = k.oid
    AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_collation'::regclass))
  AND getdatabaseencoding() = 'UTF8' AND current_setting('standard_conforming_strings') = 'on'
FROM checks c JOIN pg_constraint k USING (oid) ORDER BY c.attname, c.name`

// checkFacts are what the catalog says about a CHECK constraint.
type checkFacts struct {
	Check

	// column is the column of whose domain the check is; empty for one of the table.
	column string
	// deterministic reports whether the domain compares texts by their bytes.
	deterministic bool
	// usable reports whether Postgres refuses every record that does not satisfy the condition.
	usable bool
}

func readChecks(ctx context.Context, db table.DB, d *table.Definition) ([]checkFacts, error) {
	rows, err := db.Query(ctx, checksSQL, d.Base())
	if err != nil {
		return nil, fmt.Errorf("reading the checks of %s: %w", d.QuotedName(), err)
	}
	checks, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k checkFacts, err error) {
		return k, row.Scan(&k.column, &k.deterministic, &k.Name, &k.Condition, &k.usable)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the checks of %s: %w", d.QuotedName(), err)
	}
	return checks, nil
}

// applyChecks adds to the schemas of the members what the checks say exactly, and returns the checks that they do not repeat.
func applyChecks(d *table.Definition, checks []checkFacts, properties members) []Check {
	left := []Check{}
	for _, k := range checks {
		limits, complete := limitsOf(d, k)
		for _, l := range limits {
			i := slices.IndexFunc(properties, func(m member) bool { return m.name == l.column })
			complete = i >= 0 && properties[i].schema.apply(l) && complete
		}
		if !complete {
			left = append(left, k.Check)
		}
	}
	return left
}

// limitsOf returns the limits that a check puts on the columns, and whether they say all of it.
func limitsOf(d *table.Definition, k checkFacts) ([]limit, bool) {
	parsed, err := parseCondition(k.Condition)
	if err != nil || !k.usable {
		return nil, false
	}
	columns := make(map[string]table.Column)
	add := func(name, original string) {
		if c, ok := d.Find(d.Rename([]string{original})[0]); ok {
			c.Deterministic = c.Deterministic && k.deterministic
			columns[name] = c
		}
	}
	if k.column != "" {
		add(valueName, k.column)
	} else {
		for name := range namesIn(parsed) {
			add(name, name)
		}
	}
	return limitReader{columns}.split(parsed)
}

// namesIn returns the names of the columns in a condition.
func namesIn(c *condition) map[string]bool {
	names := make(map[string]bool)
	if c.kind == column {
		names[c.text] = true
	}
	for _, arg := range c.args {
		for name := range namesIn(arg) {
			names[name] = true
		}
	}
	return names
}

// apply adds a limit to the schema, and reports whether the schema says it now. Of two limits of a kind the narrower one counts.
func (s *schema) apply(l limit) bool {
	switch l.keyword {
	case enum:
		return s.restrict(l.values)
	case pattern:
		if s.Pattern == "" {
			s.Pattern = l.pattern
		}
		return s.Pattern == l.pattern
	case minLength:
		s.MinLength = max(s.MinLength, int(l.value.Num().Int64()))
		return true
	case maxLength:
		n := int(l.value.Num().Int64())
		if n > 0 && (s.MaxLength == 0 || n < s.MaxLength) {
			s.MaxLength = n
		}
		return n > 0
	}
	greater := 1
	bound := map[string]*json.Number{minimum: &s.Minimum, maximum: &s.Maximum, above: &s.ExclusiveMinimum, below: &s.ExclusiveMaximum}[l.keyword]
	if l.keyword == maximum || l.keyword == below {
		greater = -1
	}
	if *bound == "" || l.value.Cmp(rational(*bound)) == greater {
		*bound = decimal(l.value)
	}
	return true
}

// restrict leaves those values of the enum that are in both lists. A list without any value is no schema.
func (s *schema) restrict(values []any) bool {
	if s.Enum == nil {
		s.Enum = slices.Clone(values)
		return true
	}
	both := slices.DeleteFunc(slices.Clone(s.Enum), func(v any) bool { return !slices.Contains(values, v) })
	if len(both) == 0 {
		return false
	}
	s.Enum = both
	return true
}

// decimal returns the digits of a number that has at most 40 decimal places.
func decimal(value *big.Rat) json.Number {
	places, _ := value.FloatPrec()
	return json.Number(value.FloatString(places))
}
