package scan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

const (
	words      = `{"x-longshore":{"table":"words","key":["w"]},"properties":{"w":{"type":"string"},"n":{"type":["integer","null"]},"long":{"type":"string"}}}`
	wordsTable = `CREATE TABLE words (w TEXT COLLATE "C" PRIMARY KEY, n INT, long TEXT)`
)

// Every type that may be in a key finds its place again, whatever its text looks like.
func TestEveryKeyTypeGoesOnWhereItLeftOff(t *testing.T) {
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
			db, c := setup(t, `{"x-longshore":{"table":"keyed","key":["k"]},"properties":{"k":{}}}`,
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
					t.Errorf("pages of %d (-want +got):\n%s", n, diff)
				}
			}
		})
	}
}

func TestAPageEndsEarlyWhenItCarriesMuch(t *testing.T) {
	t.Parallel()
	db, c := setup(t, words, wordsTable+`;
INSERT INTO words SELECT lpad(n::text, 3, '0'), n, repeat('x', 1000000) FROM generate_series(1, 30) n`)
	p := prepare(t, db, c, `{"filter":{"n":{"gt":2}}}`)
	page, err := p.Read(t.Context(), begin(t, db), nil, 1000)
	if err != nil || len(page.Records) != 9 || page.Scanned != 11 || !page.More || string(page.Last) != `["011"]` {
		t.Errorf("%d records, %d scanned, last %s, more %v, %v", len(page.Records), page.Scanned, page.Last, page.More, err)
	}
	all, scanned := readAll(t, db, p, 1000)
	if len(all) != 28 || scanned != 30 {
		t.Errorf("%d records of %d rows", len(all), scanned)
	}
}

func TestAFilterByKeyLooksAtNothingElse(t *testing.T) {
	t.Parallel()
	db, c := setup(t, words, wordsTable+`; INSERT INTO words SELECT lpad(n::text, 5, '0'), n FROM generate_series(1, 3000) n; ANALYZE words`)
	for asked, want := range map[string]int{
		`{"filter":{"w":"01234"}}`: 1, `{"filter":{"w":{"gte":"02991"}}}`: 10, `{"filter":{"w":"x"}}`: 0, `{"filter":{"n":5}}`: 3000,
	} {
		if _, scanned := readAll(t, db, prepare(t, db, c, asked), 500); scanned != want {
			t.Errorf("%s looked at %d rows, want %d", asked, scanned, want)
		}
	}
}

// largeReads is how many blocks of large values the work looks at.
func largeReads(t *testing.T, db *pgx.Conn, work func()) int {
	t.Helper()
	var counts [2]int
	for i := range counts {
		if i == 1 {
			work()
		}
		if _, err := db.Exec(t.Context(), `SELECT pg_stat_force_next_flush()`); err != nil {
			t.Fatal(err)
		}
		err := db.QueryRow(t.Context(), `SELECT toast_blks_read + toast_blks_hit FROM pg_statio_user_tables WHERE relname = 'words'`).Scan(&counts[i])
		if err != nil {
			t.Fatal(err)
		}
	}
	return counts[1] - counts[0]
}

func TestWhatIsBehindAPageIsNotRead(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"PRIMARY KEY", ""} { // without an index, rows are sorted
		db, c := setup(t, words, `
CREATE TABLE words (w TEXT COLLATE "C" NOT NULL `+kind+`, n INT, long TEXT);
ALTER TABLE words ALTER COLUMN long SET STORAGE EXTERNAL;
INSERT INTO words SELECT lpad(n::text, 3, '0'), n, repeat('x', 1000000) FROM generate_series(1, 60) n; ANALYZE words`)
		p := prepare(t, db, c, `{"filter":{"n":{"gt":0}}}`)
		once := largeReads(t, db, func() {
			if _, err := db.Exec(t.Context(), `SELECT long FROM words`); err != nil {
				t.Fatal(err)
			}
		})
		paged := largeReads(t, db, func() {
			if all, _ := readAll(t, db, p, 1000); len(all) != 60 {
				t.Errorf("%d records", len(all))
			}
		})
		if once == 0 || paged > once*3/2 {
			t.Errorf("%s: pages read %d blocks, one statement %d", kind, paged, once)
		}
	}
}

func TestPagesFollowTheIndexWhateverTheOrderOfTheKey(t *testing.T) {
	t.Parallel()
	for constraints, first := range map[string]string{
		"PRIMARY KEY (b, a)":                          "b",
		"PRIMARY KEY (a, b)":                          "a",
		"UNIQUE (b), UNIQUE (b, a), UNIQUE (b, a, n)": "b",
		"PRIMARY KEY (b, a), UNIQUE (a, b)":           "a",
		"UNIQUE (b, a, n), UNIQUE (b) INCLUDE (a)":    "a", // no index is one of the key
	} {
		db, c := setup(t, `{"x-longshore":{"table":"two","key":["a","b"]},"properties":{"a":{"type":"string"},"b":{"type":"integer"}}}`,
			`CREATE TABLE two (a TEXT NOT NULL, b INT NOT NULL, n INT, `+constraints+`); INSERT INTO two VALUES ('x', 1), ('x', 2), ('w', 3)`)
		page, err := prepare(t, db, c, `{"filter":{"b":1}}`).Read(t.Context(), begin(t, db), nil, 100)
		if first == "b" && (page.Scanned != 1 || string(page.Last) != `["1","x"]`) || first == "a" && (page.Scanned != 3 || string(page.Last) != `["x","2"]`) {
			t.Errorf("%s: %d scanned up to %s, %v", constraints, page.Scanned, page.Last, err)
		}
		if len(page.Records) != 1 || prepare(t, db, c, `{"sort":["`+first+`"]}`).Sorted() {
			t.Errorf("%s: %s, or a sort by %s is another order", constraints, page.Records, first)
		}
	}
}
