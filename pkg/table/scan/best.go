package scan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/table"
)

// Best are the first records of a sorted query among some candidates.
type Best struct {
	// Keys are the keys of the records, each a JSON text on one line.
	Keys [][]byte
	// Worst contains the values by which the last record is sorted. A further record must sort
	// before them to be among the best. It is nil while the number of records is below the query's
	// limit.
	Worst json.RawMessage
	// Records are as in Page.
	Records [][]byte
	// Truncated reports whether records were omitted because of their size.
	Truncated bool
}

// ReadKeys reads the next rows like Read, but returns only the keys of those that match, sorted as
// the query sorts and at most as many as its limit. If worst is not empty, it omits rows that do
// not sort before worst. So the page is small, however large the records and the limit are.
func (p *Plan) ReadKeys(ctx context.Context, db table.DB, after json.RawMessage, rows int, worst json.RawMessage) (Page, error) {
	r, err := p.nextRange(ctx, db, after, rows)
	if err != nil || r.rows == 0 {
		return Page{Last: after}, err
	}
	page := Page{Last: r.last, Scanned: r.rows, More: r.rows == rows}
	var s statement
	where := append(p.inRange(&s, r), s.match(p)...)
	if len(worst) > 0 {
		better, err := p.betterThan(&s, worst)
		if err != nil {
			return Page{}, err
		}
		where = append(where, better)
	}
	result, err := db.Query(ctx, p.sorted(&s, p.keyColumns("::text"), where), s.args...)
	if err != nil {
		return Page{}, queryFault(err)
	}
	page.Keys, err = pgx.CollectRows(result, func(row pgx.CollectableRow) ([]byte, error) { return json.Marshal(texts(row.RawValues())) })
	return page, queryFault(err)
}

// Rank returns the best of the records with the keys, without reading the whole records.
func (p *Plan) Rank(ctx context.Context, tx pgx.Tx, keys [][]byte) (Best, error) {
	return p.best(ctx, tx, keys, "", math.MaxInt)
}

// Best reads the best of the records with the keys in their current state: a record that was
// deleted or no longer matches is omitted. maxBytes limits the size of the records, each with a
// line break; the records beyond it are omitted.
func (p *Plan) Best(ctx context.Context, tx pgx.Tx, keys [][]byte, maxBytes int) (Best, error) {
	return p.best(ctx, tx, keys, ", "+p.selected, maxBytes)
}

func (p *Plan) best(ctx context.Context, tx pgx.Tx, keys [][]byte, selected string, maxBytes int) (best Best, err error) {
	if len(keys) == 0 {
		return Best{}, nil
	}
	var s statement
	hasKey, err := p.hasKey(&s, keys)
	if err != nil {
		return Best{}, err
	}
	sql := lazily(p.keyColumns("::text")+", "+p.sortValues()+selected, p.sorted(&s, p.allColumns(), append([]string{hasKey}, s.match(p)...)))
	var last []*string
	f := fetch{maxBytes: maxBytes}
	fetchErr := f.run(ctx, tx, sql, s.args, func(values [][]byte) (int, bool) {
		var record []byte
		if selected != "" {
			record = p.record(values[len(p.key)+len(p.orders):])
			if best.Truncated = f.size+len(record) >= maxBytes; best.Truncated {
				return 0, false
			}
			best.Records = append(best.Records, record)
		}
		var key []byte
		key, err = json.Marshal(texts(values[:len(p.key)]))
		best.Keys = append(best.Keys, key)
		last = nullableTexts(values[len(p.key) : len(p.key)+len(p.orders)])
		return len(record) + 1, err == nil
	})
	if fetchErr != nil || err != nil {
		return Best{}, cmp.Or(fetchErr, err)
	}
	if len(best.Keys) > 0 && (best.Truncated || len(best.Keys) == p.limit) {
		best.Worst, err = json.Marshal(last)
	}
	return best, err
}

// sorted returns the SQL of the matching rows in the query's order, up to its limit. OFFSET 0
// prevents Postgres from scanning an index on the sorted columns, and with it the whole table, to
// find the few rows of a range.
func (p *Plan) sorted(s *statement, selected string, where []string) string {
	sql := "SELECT " + selected + " FROM (SELECT " + p.allColumns() + " FROM " + p.table + whereAll(where) + " OFFSET 0) AS t ORDER BY " + p.orderBy()
	if p.limit > 0 {
		sql += " LIMIT " + s.arg(p.limit)
	}
	return sql
}

// betterThan adds the values of worst and returns the condition that a row sorts before them. A row
// with equal values does not, because its key is greater: rows are read in the order of keys.
func (p *Plan) betterThan(s *statement, worst json.RawMessage) (string, error) {
	var values []*string
	if err := json.Unmarshal(worst, &values); err != nil || len(values) != len(p.orders) {
		return "", fmt.Errorf("reading the worst of the best, %s: it does not fit the query", worst)
	}
	better := "FALSE"
	for i, o := range slices.Backward(p.orders) {
		column, operator := p.columns[o.column], " < "
		if o.descending {
			operator = " > "
		}
		if values[i] == nil { // absent members sort last
			better = "(" + column.quoted + " IS NOT NULL OR " + better + ")"
			continue
		}
		value := s.arg(*values[i]) + "::" + column.typeName
		better = "(" + column.quoted + operator + value + " OR " + column.quoted + " = " + value + " AND " + better + ")"
	}
	return better, nil
}

// hasKey adds the keys and returns the condition that a row has one of them.
func (p *Plan) hasKey(s *statement, texts [][]byte) (string, error) {
	keys := make([][]string, len(p.key))
	for _, text := range texts {
		var key []string
		if err := json.Unmarshal(text, &key); err != nil || len(key) != len(p.key) {
			return "", fmt.Errorf("reading the key %s: it does not fit the table", text)
		}
		for i, value := range key {
			keys[i] = append(keys[i], value)
		}
	}
	typed, arrays, names := make([]string, len(p.key)), make([]string, len(p.key)), make([]string, len(p.key))
	for i, column := range p.key {
		names[i] = "k" + strconv.Itoa(i)
		typed[i] = names[i] + "::" + p.columns[column].typeName
		arrays[i] = s.arg(keys[i]) + "::text[]"
	}
	return "(" + p.keyColumns("") + ") IN (SELECT " + strings.Join(typed, ", ") + " FROM unnest(" + strings.Join(arrays, ", ") +
		") AS keys (" + strings.Join(names, ", ") + "))", nil
}

// orderBy sorts as the query does, absent members last, and then by key, so that the order is
// always the same.
func (p *Plan) orderBy() string {
	list := make([]string, 0, len(p.orders)+1)
	for _, o := range p.orders {
		element := "t." + p.columns[o.column].quoted
		if o.descending {
			element += " DESC"
		}
		list = append(list, element+" NULLS LAST")
	}
	return strings.Join(append(list, p.keyOrder()), ", ")
}

// sortValues returns the SQL of the values by which the query sorts, as text that Postgres parses
// as the same values.
func (p *Plan) sortValues() string {
	list := make([]string, len(p.orders))
	for i, o := range p.orders {
		list[i] = p.columns[o.column].quoted + "::text"
	}
	return strings.Join(list, ", ")
}

func (p *Plan) allColumns() string {
	list := make([]string, len(p.columns))
	for i, c := range p.columns {
		list[i] = c.quoted
	}
	return strings.Join(list, ", ")
}
