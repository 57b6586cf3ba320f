package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// pageBytes is where a page ends early, whatever the rows it may look at: what a step holds stays small also with large records. The last
// record of a page may exceed it.
const pageBytes = 8 << 20

// Page is what became of the next rows.
type Page struct {
	// Records are those that match, as JSON objects on one line: the declared members in the order of the collection, without those that are
	// NULL.
	Records [][]byte
	// Last is the key of the last row looked at, to go on after; it stays as it was if there was none.
	Last json.RawMessage
	// Scanned is how many rows were looked at.
	Scanned int
	// More reports whether there may be rows after Last.
	More bool
	// Keys are those of the rows that match, if Better has made the page; it has no records then.
	Keys [][]byte
}

// Read looks at the next rows in the order of keys, at most so many, after the key that a page before ended with (nil: from the first), and
// returns those that match. A page that has as many as the query's limit, or much to carry, ends early, and what is behind its end is not read. What
// Postgres refuses of the query is a fault of kind Invalid.
func (p *Plan) Read(ctx context.Context, db pgx.Tx, after json.RawMessage, rows int) (Page, error) {
	s, err := p.stretch(ctx, db, after, rows)
	if err != nil || s.rows == 0 {
		return Page{Last: after}, err
	}
	limit := 0
	if !p.Sorted() {
		limit = p.limit
	}
	page := Page{Last: s.last, Scanned: s.rows, More: s.rows == rows}
	key, whole, err := p.matching(ctx, db, s, limit, &page)
	if err != nil || whole {
		return page, err
	}
	s.to = key
	if page.Last, err = json.Marshal(key); err != nil {
		return Page{}, fmt.Errorf("writing a key: %w", err)
	}
	page.More = true
	page.Scanned, err = p.count(ctx, db, s)
	return page, err
}

// stretch is a range of keys.
type stretch struct {
	// from is excluded, nil means the beginning; to is included.
	from, to []string
	last     json.RawMessage // to, as JSON
	rows     int
}

// stretch finds the end of the next rows, from the index alone.
func (p *Plan) stretch(ctx context.Context, db DB, after json.RawMessage, rows int) (stretch, error) {
	var found stretch
	if len(after) > 0 {
		if err := json.Unmarshal(after, &found.from); err != nil || len(found.from) != len(p.key) {
			return stretch{}, fmt.Errorf("reading the key %s: it does not fit the table", after)
		}
	}
	var s statement
	where := append(p.inside(&s, found.from, nil), s.bounds(p)...)
	columns, names := p.keyNames()
	sql := "SELECT n, " + strings.Join(names, "::text, ") + "::text FROM (SELECT *, row_number() OVER (ORDER BY " + strings.Join(names, ", ") +
		") AS n FROM (SELECT " + strings.Join(columns, ", ") + " FROM " + p.table + " AS held" + whereAll(where) +
		" ORDER BY " + p.keyOrder() + " LIMIT " + s.arg(rows) + ") AS looked) AS numbered ORDER BY n DESC LIMIT 1"
	result, err := db.Query(ctx, sql, s.args...)
	if err != nil {
		return stretch{}, refused(err)
	}
	_, err = pgx.CollectRows(result, func(row pgx.CollectableRow) (none struct{}, err error) {
		found.to = make([]string, len(p.key))
		into := []any{&found.rows}
		for i := range found.to {
			into = append(into, &found.to[i])
		}
		return none, row.Scan(into...)
	})
	if err != nil {
		return stretch{}, refused(err)
	}
	found.last, err = json.Marshal(found.to)
	return found, err
}

// matching reads the records of a stretch that match into the page. It reports whether it read the whole stretch, and if not, the key of the
// last record that it read.
func (p *Plan) matching(ctx context.Context, db pgx.Tx, in stretch, limit int, page *Page) (key []string, whole bool, err error) {
	var s statement
	where := append(p.inside(&s, in.from, in.to), s.match(p)...)
	sql := "SELECT " + p.allColumns() + " FROM " + p.table + " AS held" + whereAll(where) + " ORDER BY " + p.keyOrder()
	if limit > 0 {
		sql += " LIMIT " + s.arg(limit)
	}
	sql = lazily(p.keyColumns("::text")+", "+p.selected, sql)
	f := fetch{room: pageBytes}
	err = f.run(ctx, db, sql, s.args, func(values [][]byte) (size int, more bool) {
		record := p.record(values[len(p.key):])
		page.Records = append(page.Records, record)
		if f.size+len(record) >= pageBytes || len(page.Records) == limit {
			key = texts(values[:len(p.key)])
		}
		return len(record), key == nil
	})
	return key, key == nil, err
}

// count counts the rows of a stretch.
func (p *Plan) count(ctx context.Context, db DB, in stretch) (int, error) {
	var s statement
	where := append(p.inside(&s, in.from, in.to), s.bounds(p)...)
	rows, err := db.Query(ctx, "SELECT count(*) FROM "+p.table+whereAll(where), s.args...)
	if err != nil {
		return 0, refused(err)
	}
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	return n, refused(err)
}

// inside adds the conditions that a key is after from and not after to.
func (p *Plan) inside(s *statement, from, to []string) []string {
	var all []string
	if from != nil {
		all = append(all, "("+p.keyColumns("")+") > ("+p.keyValues(s, from)+")")
	}
	if to != nil {
		all = append(all, "("+p.keyColumns("")+") <= ("+p.keyValues(s, to)+")")
	}
	return all
}

// keyNames names the columns of the key k0, k1 and so on, whatever the collection calls them.
func (p *Plan) keyNames() (columns, names []string) {
	for i, at := range p.key {
		name := "k" + strconv.Itoa(i)
		names = append(names, name)
		columns = append(columns, "held."+p.columns[at].quoted+" AS "+name)
	}
	return columns, names
}

// keyColumns lists the columns of the key, each with something behind it.
func (p *Plan) keyColumns(behind string) string {
	list := make([]string, len(p.key))
	for i, at := range p.key {
		list[i] = p.columns[at].quoted + behind
	}
	return strings.Join(list, ", ")
}

// keyOrder orders by the key. It names the table, because a bare name would mean a column of the result, which is text.
func (p *Plan) keyOrder() string {
	list := make([]string, len(p.key))
	for i, at := range p.key {
		list[i] = "held." + p.columns[at].quoted
	}
	return strings.Join(list, ", ")
}

func (p *Plan) keyValues(s *statement, key []string) string {
	list := make([]string, len(p.key))
	for i, at := range p.key {
		list[i] = s.arg(key[i]) + "::" + p.columns[at].typeName
	}
	return strings.Join(list, ", ")
}

func whereAll(conditions []string) string {
	if len(conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(conditions, " AND ")
}
