package scan

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/query"
)

// condition compares a column with values that are text, to be read by Postgres as the type behind them.
type condition struct {
	column column
	op     query.Op
	values []value
	// bounds: the condition narrows the walk along the key's index.
	bounds bool
}

// value is a text and the SQL around its parameter.
type value struct {
	text          string
	before, after string
}

// operators are the comparisons with one value.
var operators = map[query.Op]string{
	query.Equal: "=", query.Greater: ">", query.AtLeast: ">=", query.Less: "<", query.AtMost: "<=",
}

func (p *Plan) readConditions(filter query.Filter) ([]condition, error) {
	var conditions []condition
	for _, f := range filter {
		at := p.find(f.Member)
		if at < 0 {
			return nil, invalid("filter", "filter names %q, which the collection does not have.", f.Member)
		}
		c := condition{column: p.columns[at], op: f.Op, bounds: at == p.key[0] && f.Op != query.Absent}
		_, isRange := operators[f.Op]
		isRange = isRange && f.Op != query.Equal
		switch isArray := c.column.element != 0; {
		case f.Op != query.Absent && c.column.isDocument():
			return nil, invalid("filter", "filter.%s can only be null: the values of its column can't be compared.", f.Member)
		case isArray && isRange, !isArray && f.Op == query.Contains:
			return nil, invalid("filter", "filter.%s does not take %s: arrays take a value, in, contains and null; others all but contains.", f.Member, f.Op)
		}
		for _, v := range f.Values {
			made := c.column.value(v, f.Op)
			c.bounds = c.bounds && !strings.HasSuffix(made.after, "numeric")
			c.values = append(c.values, made)
		}
		conditions = append(conditions, c)
	}
	return conditions, nil
}

// value makes the SQL of a JSON value that is compared with the column.
func (c column) value(v json.RawMessage, op query.Op) value {
	text := textOf(v)
	switch {
	case op == query.Contains:
		return value{text, "", "::" + c.elementName}
	case c.element != 0:
		return value{string(v), "ARRAY(SELECT jsonb_array_elements_text(", "::jsonb)::" + c.elementName + ")"}
	case c.isInteger():
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return value{text, "", "::numeric"} // 3.5 and 1e30 are fine bounds, too
		}
		return value{text, "", "::bigint"}
	case c.base == pgtype.TimestampOID:
		return value{text, "(", "::timestamptz AT TIME ZONE 'UTC')"}
	default:
		return value{text, "", "::" + c.typeName}
	}
}

// textOf is a JSON value as Postgres reads it: a string's content, everything else as it is written.
func textOf(v json.RawMessage) string {
	if jsontext.Value(v).Kind() != '"' {
		return string(v)
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return string(v) // it was read before
	}
	return string(text)
}

// statement is a growing list of parameters.
type statement struct {
	args []any
}

// arg adds a parameter and returns its place.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return "$" + strconv.Itoa(len(s.args))
}

// values adds a condition's values and returns their SQL.
func (s *statement) values(c condition) []string {
	list := make([]string, len(c.values))
	for i, v := range c.values {
		list[i] = v.before + s.arg(v.text) + v.after
	}
	return list
}

// condition adds a condition and returns its SQL.
func (s *statement) condition(c condition) string {
	values := s.values(c)
	switch c.op {
	case query.Absent:
		return c.column.quoted + " IS NULL"
	case query.In:
		return c.column.quoted + " IN (" + strings.Join(values, ", ") + ")"
	case query.Contains:
		return values[0] + " = ANY (" + c.column.quoted + ")"
	default:
		return c.column.quoted + " " + operators[c.op] + " " + values[0]
	}
}

// maxWords is how much of a record a search for words sees, in characters: what a tsvector can hold of it, whatever the words.
const maxWords = 100_000

// match adds all that a record must fulfil.
func (s *statement) match(p *Plan) []string {
	var all []string
	for _, c := range p.conditions {
		all = append(all, s.condition(c))
	}
	if p.text == "" {
		return all
	}
	var words []string
	for _, c := range p.columns {
		if c.hasText() {
			words = append(words, c.words())
		}
	}
	return append(all, "to_tsvector('simple', left(concat_ws(' ', "+strings.Join(words, ", ")+"), "+strconv.Itoa(maxWords)+
		")) @@ (SELECT websearch_to_tsquery('simple', "+s.arg(p.text)+"))") // read once, not for each row
}

// bounds adds the conditions that narrow the walk along the key's index: a walk of few rows must not read many.
func (s *statement) bounds(p *Plan) []string {
	var all []string
	for _, c := range p.conditions {
		if c.bounds {
			all = append(all, s.condition(c))
		}
	}
	return all
}
