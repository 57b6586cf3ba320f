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

// readBest reads the keys of all pages of a sorted query, ranks the keys after each page, and
// returns the best records.
func readBest(t *testing.T, db *pgx.Conn, p *scan.Plan, rows, maxBytes int) (records []string, truncated bool) {
	t.Helper()
	tx := begin(t, db)
	defer func() { _ = tx.Rollback(context.Background()) }()
	var best scan.Best
	var page scan.Page
	for page.More = true; page.More; {
		var err error
		if page, err = p.ReadKeys(t.Context(), tx, page.Last, rows, best.Worst); err != nil {
			t.Fatal(err)
		}
		if len(page.Keys) == 0 {
			continue
		}
		if best, err = p.Best(t.Context(), tx, append(best.Keys, page.Keys...), maxBytes); err != nil {
			t.Fatal(err)
		}
		truncated = truncated || best.Truncated
	}
	for _, r := range best.Records {
		records = append(records, string(r))
	}
	return records, truncated
}

func TestPlanBestOfWholeTable(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, goodsFile, goodsTable)
	for request, want := range map[string]string{
		`{"sort":["price"],"limit":9}`:                                      "a2 a1 b1 a10",
		`{"sort":["-price"],"limit":9}`:                                     "b1 a1 a2 a10",
		`{"sort":["-price"],"limit":1}`:                                     "b1",
		`{"sort":["mood","-place"],"limit":9}`:                              "a2 a1 a10 b1",
		`{"sort":["-rack","-place"],"limit":9}`:                             "b1 a10 a2 a1",
		`{"sort":["place"],"limit":3}`:                                      "a1 b1 a2",
		`{"sort":["tags"],"limit":2}`:                                       "a2 a1",
		`{"sort":["-place"],"query":"red","limit":2}`:                       "a1 b1",
		`{"sort":["-due"],"filter":{"sold":{"in":[true,false]}},"limit":2}`: "a2 a1",
	} {
		p := prepare(t, db, c, request)
		if !p.Sorted() {
			t.Errorf("%s: Sorted() = false, want true", request)
		}
		for _, rows := range []int{1, 2, 3, 100} {
			records, _ := readBest(t, db, p, rows, 1<<20)
			if got := names(t, records); got != want {
				t.Errorf("%s: best in pages of %d = %q, want %q", request, rows, got, want)
			}
		}
	}
	for _, natural := range []string{`{"sort":["rack"]}`, `{"sort":["rack","place"]}`, `{}`} {
		if prepare(t, db, c, natural).Sorted() {
			t.Errorf("%s: Sorted() = true, want false", natural)
		}
	}
}

func TestPlanBestReadsCurrentState(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, wordsFile, wordsTable+`; INSERT INTO words VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 0)`)
	p := prepare(t, db, c, `{"sort":["n"],"filter":{"n":{"lt":9}},"limit":3}`)
	tx := begin(t, db)
	first, err := p.ReadKeys(t.Context(), tx, nil, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(),
		`DELETE FROM words WHERE w = 'a'; UPDATE words SET n = 9 WHERE w = 'b'; UPDATE words SET n = 5 WHERE w = 'c'`); err != nil {
		t.Fatal(err)
	}
	second, err := p.ReadKeys(t.Context(), tx, first.Last, 3, nil)
	if err != nil || second.More {
		t.Fatalf("ReadKeys() = %+v, %v, want the last page", second, err)
	}
	best, err := p.Best(t.Context(), tx, append(first.Keys, second.Keys...), 1<<20)
	got := fmt.Sprintf("%s", best.Records)
	if want := `[{"w":"e","n":0} {"w":"d","n":4} {"w":"c","n":5}]`; err != nil || got != want {
		t.Errorf("Best() = %s, %v, want %s", got, err, want)
	}
}

func TestPlanReadKeysOmitsWorseRows(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, wordsFile, wordsTable+
		`; INSERT INTO words VALUES ('a', 1, 'x'), ('b', 2, 'x'), ('c', 2, 'w'), ('d', NULL, 'v'), ('e', 1, 'z'), ('f', 3, 'u')`)
	for request, want := range map[string]string{
		`{"sort":["n","long"],"limit":2} ["2","x"]`:   `[["a"] ["e"]]`,
		`{"sort":["n","long"],"limit":9} ["2","x"]`:   `[["a"] ["e"] ["c"]]`,
		`{"sort":["-n","long"],"limit":9} ["2","x"]`:  `[["f"] ["c"]]`,
		`{"sort":["n"],"limit":9} [null]`:             `[["a"] ["e"] ["b"] ["c"] ["f"]]`,
		`{"sort":["n","-long"],"limit":9} [null,"u"]`: `[["e"] ["a"] ["b"] ["c"] ["f"] ["d"]]`,
	} {
		query, worst, _ := strings.Cut(request, " ")
		page, err := prepare(t, db, c, query).ReadKeys(t.Context(), db, nil, 100, json.RawMessage(worst))
		if got := fmt.Sprintf("%s", page.Keys); got != want || err != nil || page.Scanned != 6 {
			t.Errorf("ReadKeys(%s) = %s of %d rows, %v, want %s of 6", request, got, page.Scanned, err, want)
		}
	}
}

func TestPlanBestLimitsBytes(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, wordsFile,
		wordsTable+`; INSERT INTO words SELECT lpad(n::text, 3, '0'), 100 - n, repeat('x', 1000) FROM generate_series(1, 50) n`)
	got, truncated := readBest(t, db, prepare(t, db, c, `{"sort":["n"],"limit":40}`), 7, 10_500)
	var first struct{ N int }
	if len(got) != 10 || !truncated || json.Unmarshal([]byte(got[0]), &first) != nil || first.N != 50 {
		t.Errorf("Best() = %d records, truncated %v, first %v, want 10, true, 50", len(got), truncated, first)
	}
	if !slices.IsSortedFunc(got, func(a, b string) int { return -strings.Compare(a[:8], b[:8]) }) {
		t.Errorf("Best() = %v, want them sorted", got)
	}
}
