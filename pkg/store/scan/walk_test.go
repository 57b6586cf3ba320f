package scan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/store/scan"
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
	page, err := p.Read(t.Context(), db, nil, 1000)
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

// best walks through all pages of a sorted query.
func best(t *testing.T, db scan.DB, p *scan.Plan, rows, maxBytes int) (records []string, cut bool) {
	t.Helper()
	var page scan.Page
	for range 1000 {
		next, err := p.Best(t.Context(), db, page.Last, rows, page.Records, maxBytes)
		if err != nil {
			t.Fatal(err)
		}
		page, cut = next, cut || next.Cut
		if !page.More {
			break
		}
	}
	for _, r := range page.Records {
		records = append(records, string(r))
	}
	return records, cut
}

func TestTheBestAreThoseOfTheWholeTable(t *testing.T) {
	t.Parallel()
	db, c := setup(t, goodsFile, goodsTable)
	for asked, want := range map[string]string{
		`{"sort":["price"],"limit":9}`:                                      "a2 a1 b1 a10",
		`{"sort":["-price"],"limit":9}`:                                     "b1 a1 a2 a10",
		`{"sort":["-price"],"limit":1}`:                                     "b1",
		`{"sort":["mood","-place"],"limit":9}`:                              "a2 a1 a10 b1",
		`{"sort":["-shelf","-place"],"limit":9}`:                            "b1 a10 a2 a1",
		`{"sort":["place"],"limit":3}`:                                      "a1 b1 a2",
		`{"sort":["tags"],"limit":2}`:                                       "a2 a1",
		`{"sort":["-place"],"query":"red","limit":2}`:                       "a1 b1",
		`{"sort":["-due"],"filter":{"sold":{"in":[true,false]}},"limit":2}`: "a2 a1",
	} {
		p := prepare(t, db, c, asked)
		if !p.Sorted() {
			t.Errorf("%s is not sorted", asked)
		}
		for _, rows := range []int{1, 2, 3, 100} {
			records, _ := best(t, db, p, rows, 1<<20)
			if got := short(t, records); got != want {
				t.Errorf("%s, pages of %d: %q, want %q", asked, rows, got, want)
			}
		}
	}
	for _, natural := range []string{`{"sort":["shelf"]}`, `{"sort":["shelf","place"]}`, `{}`} {
		if prepare(t, db, c, natural).Sorted() {
			t.Errorf("%s is no other order than that of keys", natural)
		}
	}
}

func TestTheBestSoFarAreSeenAsTheyAreNow(t *testing.T) {
	t.Parallel()
	db, c := setup(t, words, wordsTable+`; INSERT INTO words VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 0)`)
	p := prepare(t, db, c, `{"sort":["n"],"filter":{"n":{"lt":9}},"limit":3}`)
	page, err := p.Best(t.Context(), db, nil, 3, nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), `DELETE FROM words WHERE w = 'a'; UPDATE words SET n = 9 WHERE w = 'b'; UPDATE words SET n = 5 WHERE w = 'c'`); err != nil {
		t.Fatal(err)
	}
	page, err = p.Best(t.Context(), db, page.Last, 3, page.Records, 1<<20)
	got := fmt.Sprintf("%s", page.Records)
	if want := `[{"w":"e","n":0} {"w":"d","n":4} {"w":"c","n":5}]`; err != nil || got != want || page.More {
		t.Errorf("%s, %v", got, err)
	}
}

func TestTheBestAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	db, c := setup(t, words, wordsTable+`; INSERT INTO words SELECT lpad(n::text, 3, '0'), 100 - n, repeat('x', 1000) FROM generate_series(1, 50) n`)
	got, cut := best(t, db, prepare(t, db, c, `{"sort":["n"],"limit":40}`), 7, 10_500)
	var first struct{ N int }
	if len(got) != 10 || !cut || json.Unmarshal([]byte(got[0]), &first) != nil || first.N != 50 {
		t.Errorf("%d records, cut %v, first %v", len(got), cut, first)
	}
	if !slices.IsSortedFunc(got, func(a, b string) int { return -strings.Compare(a[:8], b[:8]) }) {
		t.Error("they are not in order")
	}
}
