package scan

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// pageBytes ends a page early, whatever its number of rows, so that a step needs little memory even
// if records are large. Only the last record of a page may exceed it.
const pageBytes = 8 << 20

// Page is the result of reading some rows.
type Page struct {
	// Records are the matching records as JSON objects on one line: the declared members in the
	// order of the collection, without those that are NULL.
	Records [][]byte
	// Last is the key of the last row read, after which the next page starts. If no row was read,
	// it is the key after which this page started.
	Last json.RawMessage
	// Scanned is the number of rows read.
	Scanned int
	// More reports whether there may be rows after Last.
	More bool
	// Keys are the keys of the matching rows, if the page is the result of ReadKeys, which returns
	// no records.
	Keys [][]byte
}

// Read reads up to the given number of rows in the order of keys and returns the records that
// match. It starts after the key with which the page before ended; nil means the first row. A page
// ends early if it has as many records as the query's limit, or large ones; the rows after its end
// are not read. If Postgres cannot parse a value of the query, the error is a fault of kind
// Invalid.
func (p *Plan) Read(ctx context.Context, db pgx.Tx, after json.RawMessage, rows int) (Page, error) {
	r, err := p.nextRange(ctx, db, after, rows)
	if err != nil || r.rows == 0 {
		return Page{Last: after}, err
	}
	limit := 0
	if !p.Sorted() {
		limit = p.limit
	}
	page := Page{Last: r.last, Scanned: r.rows, More: r.rows == rows}
	key, err := p.readMatching(ctx, db, r, limit, &page)
	if err != nil || key == nil {
		return page, err
	}
	r.to = key
	if page.Last, err = json.Marshal(key); err != nil {
		return Page{}, fmt.Errorf("writing a key: %w", err)
	}
	page.More = true
	page.Scanned, err = p.count(ctx, db, r)
	return page, err
}

// readMatching adds the matching records of a range to the page. If it stops before the end of the
// range, it returns the key of the last record that it has read.
func (p *Plan) readMatching(ctx context.Context, db pgx.Tx, r keyRange, limit int, page *Page) (key []string, err error) {
	var s statement
	where := append(p.inRange(&s, r), s.match(p)...)
	sql := "SELECT " + p.allColumns() + " FROM " + p.table + " AS t" + whereAll(where) + " ORDER BY " + p.keyOrder()
	if limit > 0 {
		sql += " LIMIT " + s.arg(limit)
	}
	sql = lazily(p.keyColumns("::text")+", "+p.selected, sql)
	f := fetch{maxBytes: pageBytes}
	err = f.run(ctx, db, sql, s.args, func(values [][]byte) (size int, more bool) {
		record := p.record(values[len(p.key):])
		page.Records = append(page.Records, record)
		if f.size+len(record) >= pageBytes || len(page.Records) == limit {
			key = texts(values[:len(p.key)])
		}
		return len(record), key == nil
	})
	return key, err
}
