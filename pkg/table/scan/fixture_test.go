package scan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/scan"
)

// goods is a collection with columns of many types and four records: a1, a2, a10 and b1.
const (
	goodsFile = `{"x-longshore":{"table":"public.goods","key":["rack","place"]},"type":"object","properties":{
  "place":{"type":"integer"},"rack":{"type":"string"},"na\"me":{"type":"string"},"price":{"type":["number","null"]},"weight":{"type":"number"},
  "due":{"type":"string"},"seen":{"type":"string"},"at":{"type":"string"},"mood":{"type":"string"},"tags":{"type":"array","items":{"type":"string"}},
  "sizes":{"type":"array","items":{"type":"integer"}},"sold":{"type":"boolean"},"papers":{},"raw":{}}}`
	goodsTable = `
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN euro AS NUMERIC(12, 2);
CREATE TABLE goods (rack UUID, place BIGINT, "na""me" TEXT, price EURO, weight REAL, due DATE, seen TIMESTAMPTZ, at TIMESTAMP, mood mood,
  tags TEXT[], sizes INT[], sold BOOLEAN, papers JSONB, raw JSON, import_number BIGINT, import_row INT, PRIMARY KEY (rack, place));
INSERT INTO goods (rack, place, "na""me", price, weight, due, seen, at, mood, tags, sizes, sold, papers, raw) VALUES
  ('00000000-0000-0000-0000-00000000000a', 1, 'Red wine', 10, 0.1, '2026-01-31', '2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00', 'glad',
   '{drink,red}', '{1,2}', true, '{"a": 1}', E'{"b":\n 2}'),
  ('00000000-0000-0000-0000-00000000000a', 2, 'White "wine"', 9.90, 0.5, '2026-02-28', NULL, NULL, 'sad', '{drink}', '{}', false, NULL, NULL),
  ('00000000-0000-0000-0000-00000000000a', 10, 'Bread', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('00000000-0000-0000-0000-00000000000b', 1, 'red cheese', 123456789.01, 3, NULL, NULL, NULL, NULL, '{food,"very old"}', NULL, NULL, NULL, NULL);`
)

// words is a small collection without records.
const (
	wordsFile  = `{"x-longshore":{"table":"words","key":["w"]},"properties":{"w":{"type":"string"},"n":{"type":["integer","null"]},"long":{"type":"string"}}}`
	wordsTable = `CREATE TABLE words (w TEXT COLLATE "C" PRIMARY KEY, n INT, long TEXT)`
)

// newFixture returns a database with the table and its collection.
func newFixture(t *testing.T, file, table string) (*pgx.Conn, *collection.Collection) {
	t.Helper()
	db := storetest.Connect(t, storetest.NewDatabase(t))
	if _, err := db.Exec(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	c, err := collection.Parse("goods", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return db, c
}

func prepare(t *testing.T, db table.DB, c *collection.Collection, request string) *scan.Plan {
	t.Helper()
	q, err := query.Parse(json.RawMessage(request), c, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := scan.Prepare(t.Context(), db, c, q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// begin begins a transaction that ends with the test.
func begin(t *testing.T, db *pgx.Conn) pgx.Tx {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

// readAll reads all pages, each with the number of rows, and returns the records and the number of
// rows read.
func readAll(t *testing.T, db *pgx.Conn, p *scan.Plan, rows int) (records []string, scanned int) {
	t.Helper()
	tx := begin(t, db)
	defer func() { _ = tx.Rollback(context.Background()) }()
	var after json.RawMessage
	for range 10_000 {
		page, err := p.Read(t.Context(), tx, after, rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			records = append(records, string(r))
		}
		scanned += page.Scanned
		if !page.More {
			return records, scanned
		}
		after = page.Last
	}
	t.Fatal("Read() More = true after 10000 pages")
	return nil, 0
}

// names returns short names of goods: the last letter of their rack and their place.
func names(t *testing.T, records []string) string {
	t.Helper()
	var all []string
	for _, r := range records {
		var key struct {
			Rack  string
			Place int
		}
		if err := json.Unmarshal([]byte(r), &key); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		all = append(all, fmt.Sprintf("%s%d", key.Rack[len(key.Rack)-1:], key.Place))
	}
	return strings.Join(all, " ")
}
