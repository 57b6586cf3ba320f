package scan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/table/scan"
)

// best walks through all pages of a sorted query, and ranks what it has after each.
func best(t *testing.T, db *pgx.Conn, p *scan.Plan, rows, maxBytes int) (records []string, cut bool) {
	t.Helper()
	tx := begin(t, db)
	defer func() { _ = tx.Rollback(context.Background()) }()
	var now scan.Best
	var page scan.Page
	for page.More = true; page.More; {
		var err error
		if page, err = p.ReadKeys(t.Context(), tx, page.Last, rows, now.Worst); err != nil {
			t.Fatal(err)
		}
		if len(page.Keys) == 0 {
			continue
		}
		if now, err = p.Best(t.Context(), tx, append(now.Keys, page.Keys...), maxBytes); err != nil {
			t.Fatal(err)
		}
		cut = cut || now.Truncated
	}
	for _, r := range now.Records {
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
	tx := begin(t, db)
	first, err := p.ReadKeys(t.Context(), tx, nil, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `DELETE FROM words WHERE w = 'a'; UPDATE words SET n = 9 WHERE w = 'b'; UPDATE words SET n = 5 WHERE w = 'c'`); err != nil {
		t.Fatal(err)
	}
	then, err := p.ReadKeys(t.Context(), tx, first.Last, 3, nil)
	if err != nil || then.More {
		t.Fatal(then, err)
	}
	now, err := p.Best(t.Context(), tx, append(first.Keys, then.Keys...), 1<<20)
	got := fmt.Sprintf("%s", now.Records)
	if want := `[{"w":"e","n":0} {"w":"d","n":4} {"w":"c","n":5}]`; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
}

func TestRowsThatDoNotBeatTheWorstAreLeftOut(t *testing.T) {
	t.Parallel()
	db, c := setup(t, words, wordsTable+`; INSERT INTO words VALUES ('a', 1, 'x'), ('b', 2, 'x'), ('c', 2, 'w'), ('d', NULL, 'v'), ('e', 1, 'z'), ('f', 3, 'u')`)
	for asked, want := range map[string]string{
		`{"sort":["n","long"],"limit":2} ["2","x"]`:   `[["a"] ["e"]]`,
		`{"sort":["n","long"],"limit":9} ["2","x"]`:   `[["a"] ["e"] ["c"]]`,
		`{"sort":["-n","long"],"limit":9} ["2","x"]`:  `[["f"] ["c"]]`,
		`{"sort":["n"],"limit":9} [null]`:             `[["a"] ["e"] ["b"] ["c"] ["f"]]`,
		`{"sort":["n","-long"],"limit":9} [null,"u"]`: `[["e"] ["a"] ["b"] ["c"] ["f"] ["d"]]`,
	} {
		query, worst, _ := strings.Cut(asked, " ")
		page, err := prepare(t, db, c, query).ReadKeys(t.Context(), db, nil, 100, json.RawMessage(worst))
		if got := fmt.Sprintf("%s", page.Keys); got != want || err != nil || page.Scanned != 6 {
			t.Errorf("%s: %s, %v", asked, got, err)
		}
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
