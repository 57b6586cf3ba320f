package scan

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/longshore-io/longshore/pkg/query"
)

// condition compares a column with values.
type condition struct {
	column column
	op     query.Op
	values []value
	// bounds reports whether the condition limits the range of the key's index that has to be read.
	bounds bool
}

// value is the text of a parameter and the SQL around it, which converts the text to a type of
// Postgres.
type value struct {
	text          string
	before, after string
}

// operators are the comparisons with a single value.
var operators = map[query.Op]string{
	query.Equal: "=", query.Greater: ">", query.AtLeast: ">=", query.Less: "<", query.AtMost: "<=",
}

func (p *Plan) newConditions(filter query.Filter) ([]condition, error) {
	var conditions []condition
	for _, f := range filter {
		index := p.find(f.Member)
		if index < 0 {
			return nil, invalid("filter", "filter names %q, which the collection does not have.", f.Member)
		}
		c := condition{column: p.columns[index], op: f.Op, bounds: index == p.key[0] && f.Op != query.Absent}
		_, isRange := operators[f.Op]
		isRange = isRange && f.Op != query.Equal
		switch isArray := c.column.element != 0; {
		case f.Op != query.Absent && c.column.isDocument():
			return nil, invalid("filter", "filter.%s can only be null: the values of its column can't be compared.", f.Member)
		case isArray && isRange, !isArray && f.Op == query.Contains:
			return nil, invalid("filter", "filter.%s does not take %s: arrays take a value, in, contains and null; others all but contains.", f.Member, f.Op)
		}
		for _, v := range f.Values {
			value := c.column.value(v, f.Op)
			c.bounds = c.bounds && !strings.HasSuffix(value.after, "numeric")
			c.values = append(c.values, value)
		}
		conditions = append(conditions, c)
	}
	return conditions, nil
}

// value returns the SQL of a JSON value that is compared with the column.
func (c column) value(v json.RawMessage, op query.Op) value {
	text := textOf(v)
	switch {
	case op == query.Contains:
		return value{text, "", "::" + c.elementName}
	case c.element != 0:
		return value{string(v), "ARRAY(SELECT jsonb_array_elements_text(", "::jsonb)::" + c.elementName + ")"}
	case c.isInteger():
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return value{text, "", "::numeric"} // 3.5 and 1e30 are valid bounds too
		}
		return value{text, "", "::bigint"}
	case c.base == pgtype.TimestampOID:
		return value{text, "(", "::timestamptz AT TIME ZONE 'UTC')"}
	default:
		return value{text, "", "::" + c.typeName}
	}
}

// textOf returns the text of a JSON value for Postgres: the content of a string, any other value
// unchanged.
func textOf(v json.RawMessage) string {
	if jsontext.Value(v).Kind() != '"' {
		return string(v)
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return string(v) // impossible: query.Read has parsed it
	}
	return string(text)
}

// statement collects the parameters of a statement.
type statement struct {
	args []any
}

// arg adds a parameter and returns its placeholder.
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

// maxWordsLength is the part of a record that a search for words reads, in characters. A tsvector
// can hold it, whatever the words.
const maxWordsLength = 100_000

// match adds the query's filter and words and returns their conditions.
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
	return append(all, "to_tsvector('simple', left(concat_ws(' ', "+strings.Join(words, ", ")+"), "+strconv.Itoa(maxWordsLength)+
		")) @@ (SELECT websearch_to_tsquery('simple', "+s.arg(p.text)+"))") // the subquery runs once, not for each row
}

// bounds adds the conditions that limit the range of the key's index, so that a page of few rows
// does not read many.
func (s *statement) bounds(p *Plan) []string {
	var all []string
	for _, c := range p.conditions {
		if c.bounds {
			all = append(all, s.condition(c))
		}
	}
	return all
}
