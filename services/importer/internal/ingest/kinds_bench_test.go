package ingest_test

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// benchKind is a kind of table or collection.
type benchKind struct {
	name string
	// table follows CREATE TABLE items (…, and ends the statement; collection are members of x-longshore beside the table.
	table, collection string
	// made is the type of the column made.
	made string
	// omitted are the members that the records leave out, in turn.
	omitted []string
	caller  access.Caller
	// again reports whether the records are imported a second time.
	again bool
}

const (
	keyAnd    = `PRIMARY KEY (id)`
	byColumns = keyAnd + `, import_number BIGINT, import_row INT)`
)

var benchKinds = []benchKind{
	{name: "columns", table: byColumns, collection: `"key":["id"]`, again: true},
	{name: "ledger", table: keyAnd + ")", collection: `"key":["id"],"ordering":"ledger"`, again: true},
	{name: "none", table: keyAnd + ")", collection: `"key":["id"],"ordering":"none"`, again: true},
	{name: "no-key", table: "CHECK (true))", collection: `"write":"insert","ordering":"none"`},
	{
		name: "partitioned", table: byColumns + ` PARTITION BY RANGE (id);
CREATE TABLE items_low PARTITION OF items FOR VALUES FROM (MINVALUE) TO (500000);
CREATE TABLE items_high PARTITION OF items FOR VALUES FROM (500000) TO (MAXVALUE)`,
		collection: `"key":["id"]`, again: true,
	},
	{
		name: "row-security", table: byColumns + `; ALTER TABLE items ENABLE ROW LEVEL SECURITY; CREATE POLICY all_rows ON items USING (true);
GRANT SELECT, INSERT, UPDATE ON items TO ` + storetest.CallerRole,
		collection: `"key":["id"],"role":"` + storetest.CallerRole + `"`, caller: access.Caller{Role: storetest.CallerRole}, again: true,
	},
	{name: "text-form", table: byColumns, collection: `"key":["id"]`, made: "INTERVAL", again: true},
	{name: "merge", table: byColumns, collection: `"key":["id"],"write":"merge"`, omitted: []string{"", "name", "price"}, again: true},
}

// benchChunk is the number of records in a chunk and in a transaction of the baseline.
const benchChunk = 5_000

// kindRecords is the number of records of BenchmarkKinds, unless LONGSHORE_BENCH_RECORDS is set.
const kindRecords = 1_000_000

// BenchmarkKinds loads the chunks of an import into each kind of table with two workers, and then the same again. Before, it
// copies the same rows with one connection in transactions of a chunk, and merges them once more from a temporary
// table. It reports the ratio to that.
func BenchmarkKinds(b *testing.B) {
	n, err := strconv.Atoi(cmp.Or(os.Getenv("LONGSHORE_BENCH_RECORDS"), strconv.Itoa(kindRecords)))
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range benchKinds {
		b.Run(kind.name, func(b *testing.B) {
			for range b.N {
				bareNew, bareAgain := bareLoads(b, n)
				spent := kind.load(b, n)
				b.ReportMetric(float64(n)/spent[0].Seconds(), "new/s")
				b.ReportMetric(bareNew.Seconds()/spent[0].Seconds(), "new-ratio")
				if kind.again {
					b.ReportMetric(float64(n)/spent[1].Seconds(), "again/s")
					b.ReportMetric(bareAgain.Seconds()/spent[1].Seconds(), "again-ratio")
				}
			}
		})
	}
}

func itemsTable(made, end string) string {
	return `CREATE TABLE items (id BIGINT, name TEXT, price NUMERIC(10,2), made ` + cmp.Or(made, "DATE") + `, ` + end
}

func keyOfItem(i, n int) int { return (i * 7919) % n }

// bareLoads returns the time of copying new rows, and of merging the same rows with COPY into a temporary table and an upsert.
func bareLoads(b *testing.B, n int) (copied, merged time.Duration) {
	b.Helper()
	conn := storetest.Connect(b, storetest.NewDatabase(b))
	storetest.Exec(b, conn, itemsTable("", keyAnd+")")+"; CREATE TEMPORARY TABLE staged (LIKE items)")
	columns, name, made := []string{"id", "name", "price", "made"}, strings.Repeat("x", 60), time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	load := func(table, after string) time.Duration {
		begun := time.Now()
		for from := 0; from < n; from += benchChunk {
			err := pgx.BeginFunc(b.Context(), conn, func(tx pgx.Tx) error {
				rows := pgx.CopyFromSlice(min(benchChunk, n-from), func(i int) ([]any, error) {
					return []any{int64(keyOfItem(from+i, n)), name, fmt.Sprintf("%d.25", (from+i)%1000), made}, nil
				})
				if _, err := tx.CopyFrom(b.Context(), pgx.Identifier{table}, columns, rows); err != nil {
					return err
				}
				_, err := tx.Exec(b.Context(), after)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(begun)
	}
	copied = load("items", "")
	merged = load("staged", `INSERT INTO items SELECT * FROM staged ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, price = EXCLUDED.price, made = EXCLUDED.made;
TRUNCATE staged`)
	return copied, merged
}

// load returns the time of loading new records and of loading them again into the kind of table.
func (k benchKind) load(b *testing.B, n int) (spent [2]time.Duration) {
	b.Helper()
	file := fmt.Sprintf(`{"x-longshore":{"table":"items",%s},"properties":{"id":{"type":"integer"},"name":{"type":"string"},"price":{"type":"number"},"made":{"type":"string"}}}`,
		k.collection)
	options := store.Options{MaxConns: 6}
	if k.caller.Role != "" { // a superuser's rows are not restricted
		options.Role, options.Roles = grants.Worker, []string{k.caller.Role}
	}
	f := newFixtureOf(b, itemsTable(k.made, k.table), map[string]string{"items": file}, options, 3)
	api := storetest.Open(b, f.sql.Config().ConnString(), store.Options{})
	for i := range spent {
		if i == 1 && !k.again {
			break
		}
		op := accept(b, api, store.Draft{Collection: "items", Lanes: 2, Ledger: true, Caller: k.caller}, benchChunk, k.records(n))
		begun := time.Now()
		var running sync.WaitGroup
		for lane := range 2 {
			running.Go(func() {
				for seq := lane; seq < op.Chunks; seq += 2 {
					if err := f.worker.ProcessChunk(b.Context(), job.Chunk{OperationID: op.ID, Seq: seq}); err != nil {
						b.Error(err)
					}
				}
			})
		}
		running.Wait()
		spent[i] = time.Since(begun)
		if end := storetest.Refresh(b, f.db, op); end.Counts.Created+end.Counts.Updated != n {
			b.Fatalf("counts = %+v, want all of %d records created or updated", end.Counts, n)
		}
	}
	return spent
}

func (k benchKind) records(n int) func(yield func(string) bool) {
	made := "2026-01-31"
	if k.made == "INTERVAL" {
		made = "1 day 02:03:04"
	}
	name := strings.Repeat("x", 60)
	return func(yield func(string) bool) {
		for i := range n {
			omitted := ""
			if len(k.omitted) > 0 {
				omitted = k.omitted[i%len(k.omitted)]
			}
			var record strings.Builder
			fmt.Fprintf(&record, `{"id":%d,"made":%q`, keyOfItem(i, n), made)
			if omitted != "name" {
				fmt.Fprintf(&record, `,"name":%q`, name)
			}
			if omitted != "price" {
				fmt.Fprintf(&record, `,"price":%d.25`, i%1000)
			}
			if !yield(record.String() + "}") {
				return
			}
		}
	}
}
