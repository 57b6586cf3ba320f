package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/table"
)

// keyRange is a range of keys.
type keyRange struct {
	// from is excluded, nil means the beginning; to is included.
	from, to []string
	last     json.RawMessage // to as JSON
	rows     int
}

// nextRange returns the range of the next rows, reading the index only.
func (p *Plan) nextRange(ctx context.Context, db table.DB, after json.RawMessage, rows int) (keyRange, error) {
	var r keyRange
	if len(after) > 0 {
		if err := json.Unmarshal(after, &r.from); err != nil || len(r.from) != len(p.key) {
			return keyRange{}, fmt.Errorf("reading the key %s: it does not fit the table", after)
		}
	}
	var s statement
	where := append(p.inRange(&s, r), s.bounds(p)...)
	columns, names := p.keyNames()
	sql := "SELECT n, " + strings.Join(names, "::text, ") + "::text FROM (SELECT *, row_number() OVER (ORDER BY " + strings.Join(names, ", ") +
		") AS n FROM (SELECT " + strings.Join(columns, ", ") + " FROM " + p.table + " AS t" + whereAll(where) +
		" ORDER BY " + p.keyOrder() + " LIMIT " + s.arg(rows) + ") AS next) AS numbered ORDER BY n DESC LIMIT 1"
	result, err := db.Query(ctx, sql, s.args...)
	if err != nil {
		return keyRange{}, queryFault(err)
	}
	_, err = pgx.CollectRows(result, func(row pgx.CollectableRow) (none struct{}, err error) {
		r.to = make([]string, len(p.key))
		targets := []any{&r.rows}
		for i := range r.to {
			targets = append(targets, &r.to[i])
		}
		return none, row.Scan(targets...)
	})
	if err != nil {
		return keyRange{}, queryFault(err)
	}
	r.last, err = json.Marshal(r.to)
	return r, err
}

// count counts the rows of a range.
func (p *Plan) count(ctx context.Context, db table.DB, r keyRange) (int, error) {
	var s statement
	where := append(p.inRange(&s, r), s.bounds(p)...)
	rows, err := db.Query(ctx, "SELECT count(*) FROM "+p.table+whereAll(where), s.args...)
	if err != nil {
		return 0, queryFault(err)
	}
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	return n, queryFault(err)
}

// inRange adds the limits of a range and returns their conditions.
func (p *Plan) inRange(s *statement, r keyRange) []string {
	var all []string
	if r.from != nil {
		all = append(all, "("+p.keyColumns("")+") > ("+p.keyValues(s, r.from)+")")
	}
	if r.to != nil {
		all = append(all, "("+p.keyColumns("")+") <= ("+p.keyValues(s, r.to)+")")
	}
	return all
}

// keyNames renames the columns of the key to k0, k1 and so on, which cannot collide with other
// names of the statement.
func (p *Plan) keyNames() (columns, names []string) {
	for i, column := range p.key {
		name := "k" + strconv.Itoa(i)
		names = append(names, name)
		columns = append(columns, "t."+p.columns[column].quoted+" AS "+name)
	}
	return columns, names
}

// keyColumns lists the columns of the key, each followed by suffix.
func (p *Plan) keyColumns(suffix string) string {
	list := make([]string, len(p.key))
	for i, column := range p.key {
		list[i] = p.columns[column].quoted + suffix
	}
	return strings.Join(list, ", ")
}

// keyOrder orders by the key. It qualifies the columns, because a bare name would mean a column of
// the result, which is text.
func (p *Plan) keyOrder() string {
	list := make([]string, len(p.key))
	for i, column := range p.key {
		list[i] = "t." + p.columns[column].quoted
	}
	return strings.Join(list, ", ")
}

func (p *Plan) keyValues(s *statement, key []string) string {
	list := make([]string, len(p.key))
	for i, column := range p.key {
		list[i] = s.arg(key[i]) + "::" + p.columns[column].typeName
	}
	return strings.Join(list, ", ")
}

func whereAll(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}
