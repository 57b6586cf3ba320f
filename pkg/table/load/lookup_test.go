package load_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	reading "github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// bills is a collection whose member other_id is filled by a lookup with the options OPTIONS.
const bills = `{"x-longshore": {"table": "bills", "key": ["id"], "ordering": "none", "lookups": {"other_id": {"table": "others", OPTIONS}}},
  "properties": {"id": {}, "other_id": {}}}`

func withOptions(options string) string { return strings.Replace(bills, "OPTIONS", options, 1) }

// look looks up the keys of records, and returns for each record the value that was found or the codes of the reasons.
func (f *fixture) look(tb testing.TB, conn *pgx.Conn, records ...string) (results []string) {
	tb.Helper()
	keys := f.table.Lookups()[0].NewKeys()
	reader := reading.NewReader(f.collection, reading.DefaultLimits())
	places := make([]int, len(records))
	results = make([]string, len(records))
	for n, r := range records {
		if _, reasons := reader.Read([]byte(r)); reasons != nil {
			tb.Fatalf("Read(%s) = %v", r, reasons)
		}
		place, reasons := keys.Add(reader.Sources())
		if places[n] = place; reasons != nil {
			results[n] = "refused " + reasons[0].Code + " " + reasons[0].Pointer
			continue
		}
		keys.Need(place, reader.Sources())
	}
	err := pgx.BeginFunc(tb.Context(), conn, func(tx pgx.Tx) error { return keys.Resolve(tb.Context(), tx, 1) })
	if err != nil {
		tb.Fatalf("Resolve() error: %v", err)
	}
	for n := range records {
		if results[n] != "" {
			continue
		}
		value, reasons := keys.Result(places[n], false)
		if results[n] = string(value); reasons != nil {
			results[n] = reasons[0].Code + " " + reasons[0].Pointer
		}
	}
	return results
}

// TestKeyTypes finds rows by keys of many types, with the column's own equality.
func TestKeyTypes(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	exec(t, storetest.Connect(t, url), `CREATE EXTENSION citext; CREATE EXTENSION IF NOT EXISTS hstore;
CREATE COLLATION lenient (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`)
	for name, tt := range map[string]struct {
		column, value string
		keys, want    []string
	}{
		"text":           {"TEXT", "'a'", []string{`"a"`, `"A"`, `7`}, []string{"1", "lookup-missing /k", "refused type-mismatch /k"}},
		"varchar":        {"VARCHAR(3)", "'abc'", []string{`"abc"`, `"abcd"`}, []string{"1", "refused value-too-long /k"}},
		"char":           {"CHAR(3)", "'a'", []string{`"a"`, `"a  "`, `"b"`}, []string{"1", "1", "lookup-missing /k"}},
		"citext":         {"public.citext", "'a'", []string{`"a"`, `"A"`, `"b"`, `["a"]`}, []string{"1", "1", "lookup-missing /k", "refused type-mismatch /k"}},
		"nondeterminate": {"TEXT COLLATE public.lenient", "'a'", []string{`"a"`, `"A"`, `"b"`}, []string{"1", "1", "lookup-missing /k"}},
		"collation C":    {`TEXT COLLATE "C"`, "'a'", []string{`"a"`, `"b"`}, []string{"1", "lookup-missing /k"}},
		"bigint":         {"BIGINT", "7", []string{`7`, `"7"`, `7.0`, `1e30`}, []string{"1", "1", "1", "refused value-out-of-range /k"}},
		"numeric":        {"NUMERIC(5,2)", "1.5", []string{`1.5`, `1.50`, `"1.500"`, `1.501`}, []string{"1", "1", "1", "refused inexact-value /k"}},
		"uuid":           {"UUID", "'123e4567-e89b-12d3-a456-426614174000'", []string{`"123E4567E89B12D3A456426614174000"`, `"x"`}, []string{"1", "refused invalid-value /k"}},
		"date":           {"DATE", "'2026-01-31'", []string{`"2026-01-31"`, `"2026-02-01"`}, []string{"1", "lookup-missing /k"}},
		"timestamptz":    {"TIMESTAMPTZ", "'2026-01-31T12:00:00Z'", []string{`"2026-01-31T13:00:00+01:00"`}, []string{"1"}},
		"boolean":        {"BOOL", "true", []string{`true`, `"t"`, `false`}, []string{"1", "1", "lookup-missing /k"}},
		"bytea":          {"BYTEA", `'\xff'`, []string{`"\\xff"`, `"/w=="`}, []string{"1", "1"}},
		"enum":           {"mood", "'sad'", []string{`"sad"`, `"ok"`, `"none"`, `"what"`}, []string{"1", "lookup-missing /k", "invalid-value /k", "invalid-value /k"}},
		"inet":           {"INET", "'10.0.0.1'", []string{`"10.0.0.1"`, `"x"`, `"10.0.0.1/32"`, `"10.0.0.2"`}, []string{"1", "invalid-value /k", "1", "lookup-missing /k"}},
		"domain":         {"code", "'a'", []string{`"a"`, `"b"`, `"toolong"`}, []string{"1", "lookup-missing /k", "lookup-missing /k"}},
		"array":          {"INT[]", "'{1,2}'", []string{`[1,2]`, `[2,1]`}, []string{"1", "lookup-missing /k"}},
		"bits":           {"BIT VARYING(3)", "B'101'", []string{`"101"`, `"1011"`}, []string{"1", "lookup-missing /k"}},
		"generated":      {"TEXT GENERATED ALWAYS AS (repeat('a', 1)) STORED", "DEFAULT", []string{`"a"`}, []string{"1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newSharedFixture(t, url, `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN code AS TEXT CHECK (length(VALUE) < 5);
CREATE TABLE others (id INT PRIMARY KEY, k `+tt.column+` UNIQUE); INSERT INTO others VALUES (1, `+tt.value+`);
CREATE TABLE bills (id INT PRIMARY KEY, other_id INT REFERENCES others)`, withOptions(`"by": {"k": "k"}`))
			var records []string
			for _, key := range tt.keys {
				records = append(records, `{"k":`+key+`}`)
			}
			if diff := cmp.Diff(tt.want, f.look(t, f.conn, records...)); diff != "" {
				t.Errorf("results of %s (-want +got):\n%s", tt.keys, diff)
			}
		})
	}
}

// TestKeyValues: the value that is found is one that the column takes.
func TestKeyValues(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for _, tt := range [][3]string{
		{"BIGINT", "9007199254740993", "9007199254740993"},
		{"UUID", "'123e4567-e89b-12d3-a456-426614174000'", `"123e4567-e89b-12d3-a456-426614174000"`},
		{"NUMERIC", "1.50", "1.50"},
		{"TEXT", `'a"b'`, `"a\"b"`},
		{"TIMESTAMPTZ", "'2026-01-31T12:00:00Z'", ""},
		{"TIMESTAMP", "'2026-01-31T12:00:00.123456'", ""},
		{"DATE", "'2026-01-31'", ""},
		{"TIME", "'12:30'", ""},
		{"BYTEA", `'\xff00'`, ""},
		{"BOOL", "true", "true"},
		{"FLOAT8", "0.1", "0.1"},
		{"INET", "'10.0.0.1'", `"10.0.0.1"`},
		{"INT[]", "'{1,2}'", "[1,2]"},
		{"mood", "'sad'", `"sad"`},
		{"INT4RANGE", "'[1,5)'", `"[1,5)"`},
		{"INTERVAL", "'1 day'", ""},
	} {
		t.Run(tt[0], func(t *testing.T) {
			t.Parallel()
			f := newSharedFixture(t, url, `CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE others (id `+tt[0]+` PRIMARY KEY, k TEXT UNIQUE); INSERT INTO others VALUES (`+tt[1]+`, 'a');
CREATE TABLE bills (id INT PRIMARY KEY, other_id `+tt[0]+` REFERENCES others)`, withOptions(`"by": {"k": "k"}`))
			found := f.look(t, f.conn, `{"k":"a"}`)[0]
			if tt[2] != "" && found != tt[2] {
				t.Errorf("found = %s, want %s", found, tt[2])
			}
			f.load(t, 1, record{1, `{"id":1,"other_id":` + found + `}`}).want(t, []string{"1:created"}, nil)
			f.wantRows(t, "SELECT count(*) FROM bills JOIN others ON others.id = other_id", "(1)")
		})
	}
}

// countingConn counts the queries of lookups that are sent to Postgres.
type countingConn struct {
	net.Conn
	queries *atomic.Int64
}

func (c countingConn) Write(p []byte) (int, error) {
	c.queries.Add(int64(bytes.Count(p, []byte("to_json("))))
	return c.Conn.Write(p)
}

// TestKeysAskOnce looks up 10,000 records of 3,000 rows with one query.
func TestKeysAskOnce(t *testing.T) {
	t.Parallel()
	const records, rows = 10_000, 3_000
	for name, column := range map[string]string{"text": "TEXT", "citext": "citext"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, fmt.Sprintf(`CREATE EXTENSION citext; CREATE TABLE others (id INT PRIMARY KEY, k %s UNIQUE); INSERT INTO others SELECT n, 'k' || n FROM generate_series(0, %d) n;
CREATE TABLE bills (id INT PRIMARY KEY, other_id INT REFERENCES others)`, column, rows-1), withOptions(`"by": {"k": "k"}`))
			var queries atomic.Int64
			config, err := pgx.ParseConfig(f.url)
			if err != nil {
				t.Fatal(err)
			}
			config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
				return countingConn{conn, &queries}, err
			}
			conn, err := pgx.ConnectConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(context.Background()) }()
			all := make([]string, records)
			for n := range all {
				all[n] = fmt.Sprintf(`{"id":%d,"k":"k%d"}`, n, n%rows)
			}
			for n, got := range f.look(t, conn, all...) {
				if want := fmt.Sprint(n % rows); got != want {
					t.Fatalf("record %d = %s, want %s", n, got, want)
				}
			}
			if queries.Load() != 1 {
				t.Errorf("queries = %d, want 1", queries.Load())
			}
		})
	}
}

// TestKeysCreateConcurrently lets workers create the same rows at once, in different orders. Each row is created once, all
// workers find the same one, and none waits for another in a cycle, which Postgres would report as an error.
func TestKeysCreateConcurrently(t *testing.T) {
	t.Parallel()
	const workers, rounds, rows = 4, 5, 200
	f := newFixture(t, `CREATE TABLE others (id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, k TEXT UNIQUE, name TEXT);
CREATE TABLE bills (id INT PRIMARY KEY, other_id INT REFERENCES others)`, withOptions(`"by": {"o.k": "k"}, "missing": "create", "create": {"o.name": "name"}`))
	var mu sync.Mutex
	found := make(map[string]string)
	var group sync.WaitGroup
	for n := range workers {
		conn := storetest.Connect(t, f.url)
		group.Go(func() {
			for round := range rounds {
				var records []string
				for i := range rows {
					records = append(records, fmt.Sprintf(`{"o":{"k":"%d-%d","name":"%d"}}`, round, (i*7+n*50)%rows, n))
				}
				for i, got := range f.look(t, conn, records...) {
					key := fmt.Sprintf("%d-%d", round, (i*7+n*50)%rows)
					mu.Lock()
					if before, known := found[key]; known && before != got {
						t.Errorf("the row of %s is %s for one worker and %s for another", key, before, got)
					}
					found[key] = got
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	f.wantRows(t, "SELECT count(*), count(DISTINCT k) FROM others", fmt.Sprintf("(%[1]d,%[1]d)", rounds*rows))
}

// TestLookupMisfits: a lookup that cannot work is refused with the remedy.
func TestLookupMisfits(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	const others = `CREATE TABLE others (id INT PRIMARY KEY, k TEXT, l TEXT, n INT NOT NULL DEFAULT 0);`
	const by = `"by": {"k": "k"}, "value": "id"`
	for name, tt := range map[string]struct{ others, options, want string }{
		"no table":          {``, by, "there is no such table"},
		"no column":         {others, `"by": {"k": "key"}, "value": "ID"`, `there is no column "ID"`},
		"no index":          {others, by, `CREATE UNIQUE INDEX ON "SCHEMA"."others" ("k")`},
		"wider index":       {others + `CREATE UNIQUE INDEX ON others (k, l)`, by, "a unique index on exactly (k)"},
		"narrower index":    {others + `CREATE UNIQUE INDEX ON others (k)`, `"by": {"k": "k", "l": "l"}, "value": "id"`, "a unique index on exactly (k, l)"},
		"partial index":     {others + `CREATE UNIQUE INDEX ON others (k) WHERE k <> ''`, by, "not partial"},
		"expression index":  {others + `CREATE UNIQUE INDEX ON others (lower(k))`, by, "not on expressions"},
		"deferrable index":  {others + `ALTER TABLE others ADD UNIQUE (k) DEFERRABLE`, by, "not deferrable"},
		"no foreign key":    {others + `CREATE UNIQUE INDEX ON others (k)`, `"by": {"k": "k"}`, "value must name the column"},
		"another type":      {others + `CREATE UNIQUE INDEX ON others (k)`, `"by": {"k": "k"}, "value": "l"`, `column "l" has the type text, but the column "other_id" that it fills has the type integer`},
		"children":          {others + `CREATE UNIQUE INDEX ON others (k); CREATE TABLE child () INHERITS (others)`, by, "other tables inherit from it"},
		"view":              {`CREATE VIEW others AS SELECT 1 AS id, 'a' AS k`, by, "a view without a unique index"},
		"a required column": {`CREATE TABLE others (id INT PRIMARY KEY, k TEXT UNIQUE)`, by + `, "missing": "create"`, `column "id" is NOT NULL`},
		"a generated one": {
			`CREATE TABLE others (id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, k TEXT UNIQUE, g INT GENERATED ALWAYS AS (1) STORED)`,
			by + `, "missing": "create", "create": {"g": "g"}`, `column "g" is generated`,
		},
		"no privilege":           {others + `CREATE UNIQUE INDEX ON others (k); SET ROLE pg_monitor`, by, `may not read the columns id, k: GRANT SELECT ON "SCHEMA"."others"`},
		"no privilege to create": {others + `CREATE UNIQUE INDEX ON others (k); GRANT SELECT ON others TO pg_monitor; SET ROLE pg_monitor`, `"by": {"k": "k"}, "value": "n", "missing": "create", "create": {"i": "id"}`, "lacks the privilege INSERT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := storetest.Connect(t, url)
			schema := fmt.Sprintf("part%d", schemas.Add(1))
			exec(t, conn, fmt.Sprintf("CREATE SCHEMA %[1]s; SET search_path TO %[1]s; CREATE TABLE bills (id INT PRIMARY KEY, other_id INT); GRANT ALL ON bills TO pg_monitor; GRANT USAGE ON SCHEMA %[1]s TO pg_monitor", schema))
			exec(t, conn, tt.others)
			c := parse(t, withOptions(tt.options))
			want := strings.ReplaceAll(tt.want, "SCHEMA", schema)
			_, err := load.Describe(t.Context(), conn, c)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `the lookup of "other_id" in others`) {
				t.Errorf("Describe() error = %v, want one that contains %q", err, want)
			}
			if err := load.CheckFit(t.Context(), conn, c, collection.Replace, ""); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("CheckFit() error = %v, want one that contains %q", err, want)
			}
		})
	}
}

// TestLookupFits: privileges on the columns that are read suffice, and the foreign key says which value is used.
func TestLookupFits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE others (id INT PRIMARY KEY, k TEXT UNIQUE, secret TEXT); INSERT INTO others VALUES (7, 'a', 's');
CREATE TABLE bills (id INT PRIMARY KEY, other_id INT REFERENCES others); GRANT SELECT (id, k) ON others TO pg_monitor; GRANT SELECT, INSERT, UPDATE ON bills TO pg_monitor;
GRANT USAGE ON SCHEMA public TO pg_monitor; SET ROLE pg_monitor`, withOptions(`"by": {"k": "k"}`))
	if err := load.CheckFit(t.Context(), f.conn, f.collection, collection.Replace, "pg_monitor"); err != nil {
		t.Errorf("CheckFit() error: %v", err)
	}
	if diff := cmp.Diff([]string{"7"}, f.look(t, f.conn, `{"k":"a"}`)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// TestKeysAmbiguous: if the unique index was dropped after the table was described, a key of two rows is rejected.
func TestKeysAmbiguous(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE others (id INT PRIMARY KEY, k TEXT CONSTRAINT u UNIQUE); INSERT INTO others VALUES (1, 'a'), (2, 'b');
CREATE TABLE bills (id INT PRIMARY KEY, other_id INT REFERENCES others)`, withOptions(`"by": {"k": "k"}`))
	exec(t, f.conn, `ALTER TABLE others DROP CONSTRAINT u; INSERT INTO others VALUES (3, 'a')`)
	if diff := cmp.Diff([]string{"lookup-ambiguous /k", "2"}, f.look(t, f.conn, `{"k":"a"}`, `{"k":"b"}`)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	exec(t, f.conn, `ALTER TABLE others RENAME k TO l`)
	keys := f.table.Lookups()[0].NewKeys()
	if _, reasons := keys.Add([]jsontext.Value{jsontext.Value(`"a"`)}); reasons != nil {
		t.Fatal(reasons)
	}
	err := pgx.BeginFunc(t.Context(), f.conn, func(tx pgx.Tx) error { return keys.Resolve(t.Context(), tx, 1) })
	if !errors.Is(err, load.ErrChanged) {
		t.Errorf("Resolve() after a column was renamed = %v, want ErrChanged", err)
	}
}
