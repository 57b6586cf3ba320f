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
)

// Best are the best of some records, as the query sorts them.
type Best struct {
	// Keys are those of the records, each a JSON text on one line.
	Keys [][]byte
	// Worst is what the last of them has to be sorted by, if no further record is wanted that is not better; nil as long as all are.
	Worst json.RawMessage
	// Records are as in Page.
	Records [][]byte
	// Cut reports whether records were left out for their size.
	Cut bool
}

// Better looks at the next rows like Read, but brings only the keys of those that match, and at most as many as the query's limit: the best.
// With the worst of the best so far, rows that are not better are left out. So little is carried, however large the records and the limit are.
func (p *Plan) Better(ctx context.Context, db DB, after json.RawMessage, rows int, worst json.RawMessage) (Page, error) {
	in, err := p.stretch(ctx, db, after, rows)
	if err != nil || in.rows == 0 {
		return Page{Last: after}, err
	}
	page := Page{Last: in.last, Scanned: in.rows, More: in.rows == rows}
	var s statement
	where := append(p.inside(&s, in.from, in.to), s.match(p)...)
	if len(worst) > 0 {
		better, err := p.betterSQL(&s, worst)
		if err != nil {
			return Page{}, err
		}
		where = append(where, better)
	}
	found, err := db.Query(ctx, p.sorted(&s, p.keyColumns("::text"), where), s.args...)
	if err != nil {
		return Page{}, refused(err)
	}
	page.Keys, err = pgx.CollectRows(found, func(row pgx.CollectableRow) ([]byte, error) { return json.Marshal(texts(row.RawValues())) })
	return page, refused(err)
}

// Rank finds the best of the records that have one of the keys, without reading them whole.
func (p *Plan) Rank(ctx context.Context, tx pgx.Tx, keys [][]byte) (Best, error) {
	return p.bestOf(ctx, tx, keys, "", math.MaxInt)
}

// Best reads the best of the records that have one of the keys, as they are now: one that went or no longer matches is not there. The
// records' bytes, each with a line break, are bounded by maxBytes; when they are Cut, those behind were left out.
func (p *Plan) Best(ctx context.Context, tx pgx.Tx, keys [][]byte, maxBytes int) (Best, error) {
	return p.bestOf(ctx, tx, keys, ", "+p.selected, maxBytes)
}

func (p *Plan) bestOf(ctx context.Context, tx pgx.Tx, keys [][]byte, selected string, maxBytes int) (best Best, err error) {
	if len(keys) == 0 {
		return Best{}, nil
	}
	var s statement
	kept, err := p.keptSQL(&s, keys)
	if err != nil {
		return Best{}, err
	}
	sql := lazily(p.keyColumns("::text")+", "+p.sortValues()+selected, p.sorted(&s, p.allColumns(), append([]string{kept}, s.match(p)...)))
	var last []*string
	f := fetch{room: maxBytes}
	failed := f.run(ctx, tx, sql, s.args, func(values [][]byte) (int, bool) {
		var record []byte
		if selected != "" {
			record = p.record(values[len(p.key)+len(p.orders):])
			if best.Cut = f.size+len(record) >= maxBytes; best.Cut {
				return 0, false
			}
			best.Records = append(best.Records, record)
		}
		var key []byte
		key, err = json.Marshal(texts(values[:len(p.key)]))
		best.Keys = append(best.Keys, key)
		last = nullable(values[len(p.key) : len(p.key)+len(p.orders)])
		return len(record) + 1, err == nil
	})
	if failed != nil || err != nil {
		return Best{}, cmp.Or(failed, err)
	}
	if len(best.Keys) > 0 && (best.Cut || len(best.Keys) == p.limit) {
		best.Worst, err = json.Marshal(last)
	}
	return best, err
}

// sorted selects from the rows that fulfil the conditions, as the query sorts them, and not more than it wants. OFFSET keeps Postgres from walking
// along an index of what is sorted by, through the whole table, for the few rows that are meant.
func (p *Plan) sorted(s *statement, selected string, where []string) string {
	sql := "SELECT " + selected + " FROM (SELECT " + p.allColumns() + " FROM " + p.table + whereAll(where) + " OFFSET 0) AS held ORDER BY " + p.orderBy()
	if p.limit > 0 {
		sql += " LIMIT " + s.arg(p.limit)
	}
	return sql
}

// betterSQL is the condition that a row comes before the worst, for rows whose keys come after its key: what is equal is not better.
func (p *Plan) betterSQL(s *statement, worst json.RawMessage) (string, error) {
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
		if values[i] == nil { // absent members are the last
			better = "(" + column.quoted + " IS NOT NULL OR " + better + ")"
			continue
		}
		value := s.arg(*values[i]) + "::" + column.typeName
		better = "(" + column.quoted + operator + value + " OR " + column.quoted + " = " + value + " AND " + better + ")"
	}
	return better, nil
}

// keptSQL is the condition that a row has one of the keys.
func (p *Plan) keptSQL(s *statement, kept [][]byte) (string, error) {
	keys := make([][]string, len(p.key))
	for _, text := range kept {
		var key []string
		if err := json.Unmarshal(text, &key); err != nil || len(key) != len(p.key) {
			return "", fmt.Errorf("reading the key %s: it does not fit the table", text)
		}
		for i, value := range key {
			keys[i] = append(keys[i], value)
		}
	}
	typed, arrays, names := make([]string, len(p.key)), make([]string, len(p.key)), make([]string, len(p.key))
	for i, at := range p.key {
		names[i] = "k" + strconv.Itoa(i)
		typed[i] = names[i] + "::" + p.columns[at].typeName
		arrays[i] = s.arg(keys[i]) + "::text[]"
	}
	return "(" + p.keyColumns("") + ") IN (SELECT " + strings.Join(typed, ", ") + " FROM unnest(" + strings.Join(arrays, ", ") +
		") AS kept (" + strings.Join(names, ", ") + "))", nil
}

// orderBy sorts as the query wants, absent members last, and then by key, so that the order is always the same.
func (p *Plan) orderBy() string {
	steps := make([]string, 0, len(p.orders)+1)
	for _, o := range p.orders {
		step := "held." + p.columns[o.column].quoted
		if o.descending {
			step += " DESC"
		}
		steps = append(steps, step+" NULLS LAST")
	}
	return strings.Join(append(steps, p.keyOrder()), ", ")
}

// sortValues are what the query sorts by, as text that Postgres reads again as the same values.
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

// nullable makes texts of values; nil is NULL.
func nullable(values [][]byte) []*string {
	list := make([]*string, len(values))
	for i, v := range values {
		if v != nil {
			text := string(v)
			list[i] = &text
		}
	}
	return list
}
