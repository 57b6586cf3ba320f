package scan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestPlanReadRecords(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, goodsFile, goodsTable)
	p := prepare(t, db, c, `{}`)
	want := []string{
		`{"place":1,"rack":"00000000-0000-0000-0000-00000000000a","na\"me":"Red wine","price":10.00,"weight":0.1,"due":"2026-01-31",` +
			`"seen":"2026-01-31T10:00:00+00:00","at":"2026-01-31T10:00:00","mood":"glad","tags":["drink","red"],"sizes":[1,2],"sold":true,` +
			`"papers":{"a": 1},"raw":{"b":2}}`,
		`{"place":2,"rack":"00000000-0000-0000-0000-00000000000a","na\"me":"White \"wine\"","price":9.90,"weight":0.5,"due":"2026-02-28",` +
			`"mood":"sad","tags":["drink"],"sizes":[],"sold":false}`,
		`{"place":10,"rack":"00000000-0000-0000-0000-00000000000a","na\"me":"Bread"}`,
		`{"place":1,"rack":"00000000-0000-0000-0000-00000000000b","na\"me":"red cheese","price":123456789.01,"weight":3,"tags":["food","very old"]}`,
	}
	for _, rows := range []int{1, 2, 3, 4, 5} {
		got, scanned := readAll(t, db, p, rows)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("records of pages of %d (-want +got):\n%s", rows, diff)
		}
		if scanned != 4 {
			t.Errorf("scanned in pages of %d = %d, want 4", rows, scanned)
		}
	}
}

func TestPlanReadQueries(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, goodsFile, goodsTable)
	const a, b = `"00000000-0000-0000-0000-00000000000a"`, `"00000000-0000-0000-0000-00000000000b"`
	for request, want := range map[string]string{
		`{"query":"red"}`:                 "a1 b1",
		`{"query":"RED -cheese"}`:         "a1",
		`{"query":"\"red wine\" or old"}`: "a1 b1",
		`{"query":"glad"}`:                "a1",
		`{"query":"absent"}`:              "",
		`{"query":"!!"}`:                  "",

		`{"filter":{"rack":` + b + `}}`:                     "b1",
		`{"filter":{"rack":{"in":[` + a + `,` + b + `]}}}`:  "a1 a2 a10 b1",
		`{"filter":{"rack":{"gt":` + a + `}}}`:              "b1",
		`{"filter":{"place":2}}`:                            "a2",
		`{"filter":{"place":{"gt":1.5}}}`:                   "a2 a10",
		`{"filter":{"place":{"lt":1e50,"gte":2.0}}}`:        "a2 a10",
		`{"filter":{"na\"me":"Bread"}}`:                     "a10",
		`{"filter":{"price":10}}`:                           "a1",
		`{"filter":{"price":9.9001}}`:                       "",
		`{"filter":{"price":{"gte":9.9,"lte":10}}}`:         "a1 a2",
		`{"filter":{"price":null}}`:                         "a10",
		`{"filter":{"weight":0.1}}`:                         "a1",
		`{"filter":{"due":{"gt":"2026-01-31"}}}`:            "a2",
		`{"filter":{"seen":"2026-01-31T10:00:00Z"}}`:        "a1",
		`{"filter":{"at":"2026-01-31T12:00:00+02:00"}}`:     "a1",
		`{"filter":{"at":"2026-01-31T12:00:00Z"}}`:          "",
		`{"filter":{"mood":{"gte":"glad"}}}`:                "a1",
		`{"filter":{"tags":["drink"]}}`:                     "a2",
		`{"filter":{"tags":{"contains":"very old"}}}`:       "b1",
		`{"filter":{"sizes":{"in":[[1,2],[3]]}}}`:           "a1",
		`{"filter":{"sizes":{"contains":2}}}`:               "a1",
		`{"filter":{"sold":false}}`:                         "a2",
		`{"filter":{"papers":null,"sold":null}}`:            "a10 b1",
		`{"query":"wine","filter":{"sold":true,"place":1}}`: "a1",
		`{"limit":2}`:               "a1 a2",
		`{"limit":2,"query":"red"}`: "a1 b1",
	} {
		t.Run(request, func(t *testing.T) {
			for _, rows := range []int{1, 3, 100} {
				records, _ := readAll(t, db, prepare(t, db, c, request), rows)
				got := names(t, records)
				if strings.HasPrefix(request, `{"limit":2}`) { // the limit ends pages; the caller stops reading
					got = got[:min(len(got), len(want))]
				}
				if got != want {
					t.Errorf("pages of %d = %q, want %q", rows, got, want)
				}
			}
		})
	}
}

// TestPlanReadKeyTypes reads pages by keys of every type, with texts that need quoting.
func TestPlanReadKeyTypes(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]string{
		"TEXT":             `('B'), ('a'), ('ä'), (''), ('o''clock'), ('"'), ('\\'), ('日本')`,
		`TEXT COLLATE "C"`: `('B'), ('a'), ('ä'), (''), ('{}'), ('null')`,
		"VARCHAR(9)":       `('B'), ('a'), ('b ')`,
		"SMALLINT":         `(-1), (0), (30000)`,
		"INT":              `(-1), (0), (30000)`,
		"BIGINT":           `(-9223372036854775808), (9), (10)`,
		"UUID":             `('00000000-0000-0000-0000-00000000000a'), ('f0000000-0000-0000-0000-00000000000a')`,
		"DATE":             `('2026-01-31'), ('0001-01-01 BC'), ('infinity')`,
	} {
		t.Run(strings.Fields(name)[0], func(t *testing.T) {
			t.Parallel()
			db, c := newFixture(t, `{"x-longshore":{"table":"keyed","key":["k"]},"properties":{"k":{}}}`,
				`CREATE TABLE keyed (k `+name+` PRIMARY KEY); INSERT INTO keyed VALUES `+values)
			var want []string
			rows, err := db.Query(t.Context(), `SELECT to_json(k)::text FROM keyed ORDER BY k`)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				want = append(want, `{"k":`+string(rows.RawValues()[0])+`}`)
			}
			if rows.Err() != nil {
				t.Fatal(rows.Err())
			}
			p := prepare(t, db, c, `{}`)
			for _, n := range []int{1, 2, 100} {
				got, _ := readAll(t, db, p, n)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("records of pages of %d (-want +got):\n%s", n, diff)
				}
			}
		})
	}
}

func TestPlanReadLargeRecords(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, wordsFile, wordsTable+`;
INSERT INTO words SELECT lpad(n::text, 3, '0'), n, repeat('x', 1000000) FROM generate_series(1, 30) n`)
	p := prepare(t, db, c, `{"filter":{"n":{"gt":2}}}`)
	page, err := p.Read(t.Context(), begin(t, db), nil, 1000)
	if err != nil || len(page.Records) != 9 || page.Scanned != 11 || !page.More || string(page.Last) != `["011"]` {
		t.Errorf("Read() = %d records of %d rows up to %s, more %v, %v, want 9 of 11 up to [\"011\"], more",
			len(page.Records), page.Scanned, page.Last, page.More, err)
	}
	all, scanned := readAll(t, db, p, 1000)
	if len(all) != 28 || scanned != 30 {
		t.Errorf("all pages = %d records of %d rows, want 28 of 30", len(all), scanned)
	}
}

func TestPlanReadFilterByKey(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, wordsFile,
		wordsTable+`; INSERT INTO words SELECT lpad(n::text, 5, '0'), n FROM generate_series(1, 3000) n; ANALYZE words`)
	for request, want := range map[string]int{
		`{"filter":{"w":"01234"}}`: 1, `{"filter":{"w":{"gte":"02991"}}}`: 10, `{"filter":{"w":"x"}}`: 0, `{"filter":{"n":5}}`: 3000,
	} {
		if _, scanned := readAll(t, db, prepare(t, db, c, request), 500); scanned != want {
			t.Errorf("%s: scanned = %d rows, want %d", request, scanned, want)
		}
	}
}

// toastReads returns the number of blocks of large values that f reads.
func toastReads(t *testing.T, db *pgx.Conn, f func()) int {
	t.Helper()
	var counts [2]int
	for i := range counts {
		if i == 1 {
			f()
		}
		if _, err := db.Exec(t.Context(), `SELECT pg_stat_force_next_flush()`); err != nil {
			t.Fatal(err)
		}
		err := db.QueryRow(t.Context(),
			`SELECT toast_blks_read + toast_blks_hit FROM pg_statio_user_tables WHERE relname = 'words'`).Scan(&counts[i])
		if err != nil {
			t.Fatal(err)
		}
	}
	return counts[1] - counts[0]
}

func TestPlanReadSkipsLaterRows(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"PRIMARY KEY", ""} { // without an index, Postgres sorts the rows
		db, c := newFixture(t, wordsFile, `
CREATE TABLE words (w TEXT COLLATE "C" NOT NULL `+kind+`, n INT, long TEXT) WITH (autovacuum_enabled = false); -- whose reads would count
ALTER TABLE words ALTER COLUMN long SET STORAGE EXTERNAL;
INSERT INTO words SELECT lpad(n::text, 3, '0'), n, repeat('x', 1000000) FROM generate_series(1, 60) n; ANALYZE words`)
		p := prepare(t, db, c, `{"filter":{"n":{"gt":0}}}`)
		once := toastReads(t, db, func() {
			if _, err := db.Exec(t.Context(), `SELECT long FROM words`); err != nil {
				t.Fatal(err)
			}
		})
		paged := toastReads(t, db, func() {
			if all, _ := readAll(t, db, p, 1000); len(all) != 60 {
				t.Errorf("all pages = %d records, want 60", len(all))
			}
		})
		if once == 0 || paged > once*3/2 {
			t.Errorf("%q: blocks read by pages = %d, want at most 3/2 of one statement's %d", kind, paged, once)
		}
	}
}

func TestPlanReadFollowsIndex(t *testing.T) {
	t.Parallel()
	for constraints, first := range map[string]string{
		"PRIMARY KEY (b, a)":                          "b",
		"PRIMARY KEY (a, b)":                          "a",
		"UNIQUE (b), UNIQUE (b, a), UNIQUE (b, a, n)": "b",
		"PRIMARY KEY (b, a), UNIQUE (a, b)":           "a",
		"UNIQUE (b, a, n), UNIQUE (b) INCLUDE (a)":    "a", // no index has exactly the columns of the key
	} {
		t.Run(constraints, func(t *testing.T) {
			t.Parallel()
			db, c := newFixture(t, `{"x-longshore":{"table":"two","key":["a","b"]},"properties":{"a":{"type":"string"},"b":{"type":"integer"}}}`,
				`CREATE TABLE two (a TEXT NOT NULL, b INT NOT NULL, n INT, `+constraints+`); INSERT INTO two VALUES ('x', 1), ('x', 2), ('w', 3)`)
			page, err := prepare(t, db, c, `{"filter":{"b":1}}`).Read(t.Context(), begin(t, db), nil, 100)
			if err != nil {
				t.Fatal(err)
			}
			scanned, last := 3, `["x","2"]`
			if first == "b" {
				scanned, last = 1, `["1","x"]`
			}
			if page.Scanned != scanned || string(page.Last) != last || len(page.Records) != 1 {
				t.Errorf("Read() = %d records of %d rows up to %s, want 1 of %d up to %s", len(page.Records), page.Scanned, page.Last, scanned, last)
			}
			if prepare(t, db, c, `{"sort":["`+first+`"]}`).Sorted() {
				t.Errorf("Sorted() by %s = true, want false", first)
			}
		})
	}
}

// TestPlanReadKeys reads tables whose keys have types of many kinds, page by page.
func TestPlanReadKeys(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, `{"x-longshore":{"table":"t","key":["id"]},"properties":{"id":{}}}`, `CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'glad');
		CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`)
	for column, keys := range map[string][]string{
		"CHAR(3)": {"a", "b ", "c"}, "NUMERIC": {"-1.50", "2", "NaN"}, "DOUBLE PRECISION": {"-Infinity", "0.1", "1e300"}, "BOOLEAN": {"f", "t"},
		"TIMESTAMP": {"2026-01-31 12:30:00.000001", "2026-01-31 12:30:00.000002", "infinity"}, "TIMESTAMPTZ": {"2026-01-31 12:30:00.5+02", "2026-02-01"},
		"INTERVAL": {"-1 hour", "1 day", "1 mon"}, "INET": {"10.0.0.1", "10.0.0.0/8", "::1"}, "mood": {"glad", "sad"}, "CITEXT": {"A", "b", "C"},
		"TEXT COLLATE blind": {"A", "b", "C"}, "JSONB": {`{"a":1}`, `"x"`, "1"}, "BYTEA": {"a", `\x00`, ""}, "INT[]": {"{1}", "{1,2}", "{}"}, "INT4RANGE": {"[1,2)", "empty"},
	} {
		c.Table = `"of ` + column + `"`
		if _, err := db.Exec(t.Context(), "CREATE TABLE "+c.Table+" (id "+column+" PRIMARY KEY)"); err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if _, err := db.Exec(t.Context(), "INSERT INTO "+c.Table+" VALUES ('"+key+"')"); err != nil {
				t.Fatal(err)
			}
		}
		records, _ := readAll(t, db, prepare(t, db, c, `{}`), 1)
		slices.Sort(records)
		if len(slices.Compact(records)) != len(keys) {
			t.Errorf("records by %s = %s, want %d", column, records, len(keys))
		}
	}
}
