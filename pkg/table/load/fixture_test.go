package load_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// parts is the collection of most tests, a small table with constraints of every kind.
const (
	partsTable = `
CREATE TABLE makers (name TEXT PRIMARY KEY);
INSERT INTO makers VALUES ('acme');
CREATE TABLE parts (
  id             TEXT PRIMARY KEY,
  price          INT CONSTRAINT price_positive CHECK (price > 0),
  serial         INT CONSTRAINT serial_unique UNIQUE,
  maker          TEXT CONSTRAINT known_maker REFERENCES makers,
  import_number  BIGINT,
  import_row     INT)`
	partsSchema = `{"x-longshore": {"table": "parts", "key": ["id"]},
  "properties": {"id": {"type": "string"}, "price": {"type": "integer"}, "serial": {"type": "integer"}, "maker": {"type": "string"}}}`
)

// fixture is a database with the table of a collection, and the table described.
type fixture struct {
	url        string
	conn       *pgx.Conn
	collection *collection.Collection
	table      *load.Table
}

// newFixture creates the tables in a database of their own and describes the collection's.
func newFixture(t *testing.T, tables, schema string) *fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	f := &fixture{url: url, conn: storetest.Connect(t, url), collection: parse(t, schema)}
	exec(t, f.conn, tables)
	f.describe(t)
	return f
}

// schemas counts the schemas of newSharedFixture.
var schemas atomic.Int64

// newSharedFixture creates the tables in a new schema of a database that the subtests of a test share,
// which is faster than a new database.
func newSharedFixture(t *testing.T, url, tables, schema string) *fixture {
	t.Helper()
	f := &fixture{url: url, conn: storetest.Connect(t, url), collection: parse(t, schema)}
	exec(t, f.conn, fmt.Sprintf("CREATE SCHEMA part%[1]d; SET search_path TO part%[1]d", schemas.Add(1)))
	exec(t, f.conn, tables)
	f.describe(t)
	return f
}

func (f *fixture) describe(t *testing.T) {
	t.Helper()
	table, err := load.Describe(t.Context(), f.conn, f.collection)
	if err != nil {
		t.Fatalf("Describe() error: %v", err)
	}
	f.table = table
}

func parse(tb testing.TB, schema string) *collection.Collection {
	tb.Helper()
	c, err := collection.Parse("tested", []byte(schema))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// record is a JSON object with its row number.
type record struct {
	row  int
	json string
}

// members returns the values of a record for Batch.Add.
func members(tb testing.TB, c *collection.Collection, object string) []jsontext.Value {
	tb.Helper()
	var byName map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &byName); err != nil {
		tb.Fatalf("record %s: %v", object, err)
	}
	values := make([]jsontext.Value, len(c.Properties))
	for i, p := range c.Properties {
		values[i] = jsontext.Value(byName[p.Name])
	}
	return values
}

// add adds valid records to the batch.
func (f *fixture) add(tb testing.TB, batch *load.Batch, records ...record) {
	tb.Helper()
	for _, r := range records {
		if reasons := batch.Add(r.row, members(tb, f.collection, r.json)); reasons != nil {
			tb.Fatalf("Add(%s) = %v, want no reasons", r.json, reasons)
		}
	}
}

// load loads the records as one batch in a committed transaction.
func (f *fixture) load(tb testing.TB, number int64, records ...record) loaded {
	tb.Helper()
	batch := f.table.NewBatch()
	f.add(tb, batch, records...)
	result, err := loadBatch(tb.Context(), f.conn, batch, number)
	if err != nil {
		tb.Fatalf("Load() error: %v", err)
	}
	return summarize(batch, result)
}

func loadBatch(ctx context.Context, conn *pgx.Conn, batch *load.Batch, number int64) (load.Result, error) {
	var result load.Result
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var err error
		result, err = batch.Load(ctx, tx, number)
		return err
	})
	return result, err
}

// loaded is a result in a form that is easy to compare: row:outcome of each record, and row:code of
// the rejected ones.
type loaded struct {
	Outcomes []string
	Rejected []string
}

func summarize(batch *load.Batch, result load.Result) loaded {
	var l loaded
	for i, outcome := range result.Outcomes {
		l.Outcomes = append(l.Outcomes, fmt.Sprintf("%d:%v", batch.Row(i), outcome))
	}
	for _, r := range result.Rejected {
		l.Rejected = append(l.Rejected, fmt.Sprintf("%d:%s", r.Row, r.Reasons[0].Code))
	}
	return l
}

func (l loaded) want(tb testing.TB, outcomes, rejected []string) {
	tb.Helper()
	if diff := cmp.Diff(loaded{outcomes, rejected}, l); diff != "" {
		tb.Errorf("Load() result (-want +got):\n%s", diff)
	}
}

// rows returns a query's rows as text.
func (f *fixture) rows(tb testing.TB, sql string) []string {
	tb.Helper()
	rows, err := f.conn.Query(tb.Context(), "SELECT q::text FROM ("+sql+") q")
	if err != nil {
		tb.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatal(err)
	}
	return texts
}

func (f *fixture) wantRows(tb testing.TB, sql string, want ...string) {
	tb.Helper()
	if diff := cmp.Diff(want, f.rows(tb, sql), cmpopts.EquateEmpty()); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", sql, diff)
	}
}

func exec(tb testing.TB, conn *pgx.Conn, sql string, args ...any) {
	tb.Helper()
	if _, err := conn.Exec(tb.Context(), sql, args...); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}
