package load_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// parts is the collection of most tests: a small table with constraints of every kind.
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

// bench is what a test works with: a database of its own with the table, and the collection
// described.
type bench struct {
	url        string
	conn       *pgx.Conn
	collection *collection.Collection
	table      *load.Table
}

// setup creates the tables and describes the collection.
func setup(t *testing.T, tables, schema string) *bench {
	t.Helper()
	url := storetest.NewDatabase(t)
	b := &bench{url: url, conn: storetest.Connect(t, url), collection: parse(t, schema)}
	exec(t, b.conn, tables)
	b.describe(t)
	return b
}

func (b *bench) describe(t *testing.T) {
	t.Helper()
	table, err := load.Describe(t.Context(), b.conn, b.collection)
	if err != nil {
		t.Fatalf("describing the table: %v", err)
	}
	b.table = table
}

func parse(t *testing.T, schema string) *collection.Collection {
	t.Helper()
	c, err := collection.Parse("tested", []byte(schema))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rec is a record with its row number.
type rec struct {
	row  int
	json string
}

// members cuts a record into the values that Batch.Add takes.
func members(tb testing.TB, c *collection.Collection, record string) []jsontext.Value {
	tb.Helper()
	var byName map[string]json.RawMessage
	if err := json.Unmarshal([]byte(record), &byName); err != nil {
		tb.Fatalf("record %s: %v", record, err)
	}
	values := make([]jsontext.Value, len(c.Properties))
	for i, p := range c.Properties {
		values[i] = jsontext.Value(byName[p.Name])
	}
	return values
}

// add puts records into the batch, all of which must be sound.
func (b *bench) add(tb testing.TB, batch *load.Batch, records ...rec) {
	tb.Helper()
	for _, r := range records {
		if reasons := batch.Add(r.row, members(tb, b.collection, r.json)); reasons != nil {
			tb.Fatalf("record %s: %v", r.json, reasons)
		}
	}
}

// load loads the records as one batch in a committed transaction.
func (b *bench) load(tb testing.TB, number int64, records ...rec) loaded {
	tb.Helper()
	batch := b.table.NewBatch()
	b.add(tb, batch, records...)
	result, err := loadBatch(tb.Context(), b.conn, batch, number)
	if err != nil {
		tb.Fatalf("loading: %v", err)
	}
	return read(batch, result)
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

// loaded is a result in a form that is easily compared: row:outcome, and row:code of what was
// rejected.
type loaded struct {
	Outcomes []string
	Rejected []string
}

func read(batch *load.Batch, result load.Result) loaded {
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
		tb.Errorf("result (-want +got):\n%s", diff)
	}
}

// rows reads a query's rows as text.
func (b *bench) rows(tb testing.TB, sql string) []string {
	tb.Helper()
	rows, err := b.conn.Query(tb.Context(), "SELECT q::text FROM ("+sql+") q")
	if err != nil {
		tb.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatal(err)
	}
	return texts
}

func (b *bench) wantRows(tb testing.TB, sql string, want ...string) {
	tb.Helper()
	if diff := cmp.Diff(want, b.rows(tb, sql), cmpopts.EquateEmpty()); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", sql, diff)
	}
}

func exec(tb testing.TB, conn *pgx.Conn, sql string, args ...any) {
	tb.Helper()
	if _, err := conn.Exec(tb.Context(), sql, args...); err != nil {
		tb.Fatalf("running %s: %v", sql, err)
	}
}

// count sums outcomes.
func count(counts *operation.Counts, outcomes []operation.Outcome) {
	for _, outcome := range outcomes {
		counts.Count(outcome, 1)
	}
}
