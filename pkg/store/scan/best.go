package scan

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

// Best is Read for a sorted query with a limit: it joins what was the best so far with the next rows that match, and returns the best of both in the
// order that Postgres gives them. What was the best so far is read again, so that a record that changed or went is seen as it is. The records'
// bytes are bounded by maxBytes; when the page is Cut, those behind were left out.
func (p *Plan) Best(ctx context.Context, db DB, after json.RawMessage, rows int, best [][]byte, maxBytes int) (Page, error) {
	in, err := p.stretch(ctx, db, after, rows)
	if err != nil {
		return Page{}, err
	}
	page := Page{Records: best, Last: after}
	if in.rows == 0 {
		return page, nil
	}
	page = Page{Last: in.last, Scanned: in.rows, More: in.rows == rows}
	var s statement
	sql, err := p.bestSQL(&s, in, best)
	if err != nil {
		return Page{}, err
	}
	found, err := db.Query(ctx, sql, s.args...)
	if err != nil {
		return Page{}, refused(err)
	}
	defer found.Close()
	size := 0
	for found.Next() {
		record := p.record(found.RawValues())
		if size += len(record) + 1; size > maxBytes {
			page.Cut = true
			return page, nil
		}
		page.Records = append(page.Records, record)
	}
	return page, refused(found.Err())
}

// bestSQL selects the best of a stretch and of the records so far. The two are apart, because those are of keys before the stretch.
func (p *Plan) bestSQL(s *statement, in stretch, best [][]byte) (string, error) {
	columns := p.allColumns()
	where := append(p.inside(s, in.from, in.to), s.match(p)...)
	candidates := "SELECT " + columns + " FROM " + p.table + whereAll(where)
	if len(best) > 0 {
		kept, err := p.keptSQL(s, best)
		if err != nil {
			return "", err
		}
		where := append([]string{kept}, s.match(p)...)
		candidates += " UNION ALL SELECT " + columns + " FROM " + p.table + whereAll(where)
	}
	sql := "SELECT " + p.selected + " FROM (" + candidates + ") AS held ORDER BY " + p.orderBy()
	if p.limit > 0 {
		sql += " LIMIT " + s.arg(p.limit)
	}
	return sql, nil
}

// keptSQL is the condition that a row's key is one of the records'.
func (p *Plan) keptSQL(s *statement, best [][]byte) (string, error) {
	keys := make([][]string, len(p.key))
	for _, record := range best {
		key, err := p.keyOf(record)
		if err != nil {
			return "", err
		}
		for i, text := range key {
			keys[i] = append(keys[i], text)
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

func (p *Plan) allColumns() string {
	list := make([]string, len(p.columns))
	for i, c := range p.columns {
		list[i] = c.quoted
	}
	return strings.Join(list, ", ")
}
