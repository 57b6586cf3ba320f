package load_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// An import of the refusal tests and benchmarks has four chunks.
const (
	refusedRows   = 5_000
	refusedChunks = 4
)

// Parts of the tables of refusals.
const (
	refusePrice = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN IF NEW.price = 13 THEN RAISE EXCEPTION ''13''; END IF; RETURN NEW; END'; `
	keepPrice       = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; `
	beforeTrigger   = "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION refuse()"
	afterTrigger    = "CREATE TRIGGER refuse AFTER INSERT OR UPDATE ON parts FOR EACH ROW EXECUTE FUNCTION refuse()"
	deferredTrigger = `CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON parts DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION refuse()`
	excludeSerial = "ALTER TABLE parts DROP CONSTRAINT serial_unique, ADD CONSTRAINT apart EXCLUDE (serial WITH =); "
)

// goodRecord returns the valid records for tables.
func goodRecord(tables string) func(int) string {
	if strings.Contains(tables, "DROP CONSTRAINT known_maker") {
		return func(n int) string { return fmt.Sprintf(`{"id":"g%d","price":1}`, n) }
	}
	return func(n int) string { return fmt.Sprintf(`{"id":"g%d","maker":"acme","price":1}`, n) }
}

func price13(n int) string      { return fmt.Sprintf(`{"id":"k%d","price":13}`, n) }
func everyOther13(n int) string { return fmt.Sprintf(`{"id":"k%d","price":%d}`, n, 13+n%2) }

// refusal is a kind of invalid records.
type refusal struct {
	name string
	// tables is what the kind needs beside partsTable.
	tables string
	// record returns the record with a number.
	record func(n int) string
}

// refusals are kinds of invalid records, of which Postgres need not write any; one kind is valid.
var refusals = []refusal{
	{"good", "", func(n int) string { return fmt.Sprintf(`{"id":"k%d","maker":"acme","price":%d}`, n, n+1) }},
	{"foreign key", "", func(n int) string { return fmt.Sprintf(`{"id":"k%d","maker":"none"}`, n) }},
	{"every other foreign key", "", func(n int) string { return fmt.Sprintf(`{"id":"k%d","maker":%q}`, n, [2]string{"acme", "none"}[n%2]) }},
	{"foreign key of known keys", "INSERT INTO parts SELECT 'k' || n FROM generate_series(0, 19999) n", func(n int) string {
		return fmt.Sprintf(`{"id":"k%d","maker":"none"}`, n)
	}},
	{"foreign key to itself", "ALTER TABLE parts ADD FOREIGN KEY (maker) REFERENCES parts; ALTER TABLE parts DROP CONSTRAINT known_maker", func(n int) string {
		return fmt.Sprintf(`{"id":"k%d","maker":"none"}`, n)
	}},
	{"check", "", func(n int) string { return fmt.Sprintf(`{"id":"k%d","price":0}`, n) }},
	{"check and foreign key", "", func(n int) string { return fmt.Sprintf(`{"id":"k%d","price":%d,"maker":"none"}`, n, n%2) }},
	{"unique key of the table", "INSERT INTO parts (id, serial) SELECT 'old' || n, n FROM generate_series(0, 19999) n", func(n int) string {
		return fmt.Sprintf(`{"id":"k%d","serial":%d}`, n, n)
	}},
	{"unique key of the import", "", func(n int) string { return fmt.Sprintf(`{"id":"k%d","serial":7}`, n) }},
	{"unique expression", "CREATE UNIQUE INDEX ON parts (lower(maker)); ALTER TABLE parts DROP CONSTRAINT known_maker; INSERT INTO parts (id, maker) VALUES ('old', 'NONE')", func(n int) string {
		return fmt.Sprintf(`{"id":"k%d","maker":"none"}`, n)
	}},
	{"trigger", refusePrice + beforeTrigger, price13},
	{"foreign key before a trigger", keepPrice + afterTrigger, func(n int) string { return fmt.Sprintf(`{"id":"k%d","maker":"none"}`, n) }},
	{"check beside a trigger", keepPrice + beforeTrigger, func(n int) string { return fmt.Sprintf(`{"id":"k%d","price":0}`, n) }},
	{"exclusion by the table", excludeSerial + "INSERT INTO parts (id, serial) SELECT 'old' || n, n FROM generate_series(0, 19999) n", func(n int) string {
		return fmt.Sprintf(`{"id":"k%d","serial":%d}`, n, n)
	}},
	{"domain", "CREATE DOMAIN small AS INT CHECK (VALUE < 10); ALTER TABLE parts ALTER price TYPE small", func(n int) string { return fmt.Sprintf(`{"id":"k%d","price":10}`, n) }},
	{"enum", "CREATE TYPE mood AS ENUM ('calm'); ALTER TABLE parts DROP CONSTRAINT known_maker, ALTER maker TYPE mood USING NULL", func(n int) string { return fmt.Sprintf(`{"id":"k%d","maker":"acme"}`, n) }},
}

// walked are kinds of invalid records that Postgres refuses only after it has written them or others.
var walked = []refusal{
	{"trigger, every other", refusePrice + beforeTrigger, everyOther13},
	{"trigger, one of fifty", refusePrice + beforeTrigger, func(n int) string {
		return fmt.Sprintf(`{"id":"k%d","price":%d}`, n, 13+n%50)
	}},
	{"trigger, one of a thousand", refusePrice + beforeTrigger, func(n int) string {
		return fmt.Sprintf(`{"id":"k%d","price":%d}`, n, 13+n%1000)
	}},
	{"trigger after, one of a thousand", refusePrice + afterTrigger, func(n int) string {
		return fmt.Sprintf(`{"id":"k%d","price":%d}`, n, 13+n%1000)
	}},
	{"trigger after", refusePrice + afterTrigger, price13},
	{"trigger after, every other", refusePrice + afterTrigger, everyOther13},
	{"deferred trigger", refusePrice + deferredTrigger, price13},
	{"foreign key beside a trigger", keepPrice + beforeTrigger, func(n int) string { return fmt.Sprintf(`{"id":"k%d","maker":"none"}`, n) }},
	{"unique key beside a trigger", keepPrice + beforeTrigger, func(n int) string { return fmt.Sprintf(`{"id":"k%d","serial":7}`, n) }},
	{"exclusion by the import", excludeSerial, func(n int) string { return fmt.Sprintf(`{"id":"k%d","serial":7}`, n) }},
}

// importRefused loads an import of records in chunks.
func (f *fixture) importRefused(tb testing.TB, number int64, recordOf func(int) string) (failed int) {
	tb.Helper()
	batch := f.table.NewBatch()
	for c := range refusedChunks {
		batch.Reset()
		for n := c * refusedRows; n < (c+1)*refusedRows; n++ {
			f.add(tb, batch, record{n + 1, recordOf(n)})
		}
		result, err := loadBatch(tb.Context(), f.conn, batch, number)
		if err != nil {
			tb.Fatal(err)
		}
		failed += len(result.Rejected)
	}
	return failed
}

// cost is what an import has cost the server.
type cost struct {
	took               time.Duration
	ids, wal, deadRows int64
}

// measure returns what work has cost. Transaction ids and WAL are those of the whole server.
func measure(tb testing.TB, conn *pgx.Conn, work func()) cost {
	tb.Helper()
	read := func() (ids, wal int64) {
		const sql = "SELECT pg_current_xact_id()::text::bigint, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
		if err := conn.QueryRow(tb.Context(), sql).Scan(&ids, &wal); err != nil {
			tb.Fatal(err)
		}
		return ids, wal
	}
	var c cost
	ids, wal := read()
	c.took = timed(work)
	c.ids, c.wal = read()
	c.ids, c.wal = c.ids-ids, c.wal-wal
	return c
}

// newRefusedFixture returns the tables of a kind of invalid records. Autovacuum is off, so that dead
// rows can be counted.
func newRefusedFixture(tb testing.TB, tables string) *fixture {
	tb.Helper()
	url := storetest.NewDatabase(tb)
	f := &fixture{url: url, conn: storetest.Connect(tb, url), collection: parse(tb, partsSchema)}
	exec(tb, f.conn, partsTable+" WITH (autovacuum_enabled = off);"+tables)
	table, err := load.Describe(tb.Context(), f.conn, f.collection)
	if err != nil {
		tb.Fatal(err)
	}
	f.table = table
	return f
}

// deadRows returns how many rows VACUUM removes.
func deadRows(tb testing.TB, conn *pgx.Conn) (n int64) {
	tb.Helper()
	exec(tb, conn, "CREATE EXTENSION IF NOT EXISTS pgstattuple")
	if err := conn.QueryRow(tb.Context(), "SELECT dead_tuple_count FROM pgstattuple('parts')").Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// BenchmarkRefused imports 20,000 records of each kind of invalid records, and as many valid ones
// into the same tables before each, and compares their costs.
func BenchmarkRefused(b *testing.B) {
	for _, kind := range slices.Concat(refusals[1:], walked) {
		b.Run(kind.name, func(b *testing.B) {
			var good, bad cost
			for b.Loop() {
				add := func(sum *cost, tables string, recordOf func(int) string) {
					f := newRefusedFixture(b, tables)
					before := deadRows(b, f.conn)
					c := measure(b, f.conn, func() { f.importRefused(b, 1, recordOf) })
					sum.took, sum.ids, sum.wal = sum.took+c.took, sum.ids+c.ids, sum.wal+c.wal
					sum.deadRows += deadRows(b, f.conn) - before
				}
				add(&good, kind.tables, goodRecord(kind.tables))
				add(&bad, kind.tables, kind.record)
			}
			b.ReportMetric(good.took.Seconds()/float64(b.N), "good_s")
			b.ReportMetric(bad.took.Seconds()/float64(b.N), "s")
			b.ReportMetric(bad.took.Seconds()/good.took.Seconds(), "times_good")
			b.ReportMetric(float64(bad.ids)/float64(b.N), "xids")
			b.ReportMetric(float64(bad.deadRows)/float64(b.N), "dead_rows")
			b.ReportMetric(float64(bad.wal)/float64(b.N)/1e6, "WAL_MB")
		})
	}
}
