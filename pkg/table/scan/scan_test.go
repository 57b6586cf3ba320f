package scan_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/scan"
)

const (
	goodsFile = `{"x-longshore":{"table":"public.goods","key":["shelf","place"]},"type":"object","properties":{
  "place":{"type":"integer"},"shelf":{"type":"string"},"na\"me":{"type":"string"},"price":{"type":["number","null"]},"weight":{"type":"number"},
  "due":{"type":"string"},"seen":{"type":"string"},"at":{"type":"string"},"mood":{"type":"string"},"tags":{"type":"array","items":{"type":"string"}},
  "sizes":{"type":"array","items":{"type":"integer"}},"sold":{"type":"boolean"},"papers":{},"raw":{}}}`
	goodsTable = `
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN euro AS NUMERIC(12, 2);
CREATE TABLE goods (shelf UUID, place BIGINT, "na""me" TEXT, price EURO, weight REAL, due DATE, seen TIMESTAMPTZ, at TIMESTAMP, mood mood,
  tags TEXT[], sizes INT[], sold BOOLEAN, papers JSONB, raw JSON, import_number BIGINT, import_row INT, PRIMARY KEY (shelf, place));
INSERT INTO goods (shelf, place, "na""me", price, weight, due, seen, at, mood, tags, sizes, sold, papers, raw) VALUES
  ('00000000-0000-0000-0000-00000000000a', 1, 'Red wine', 10, 0.1, '2026-01-31', '2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00', 'glad',
   '{drink,red}', '{1,2}', true, '{"a": 1}', E'{"b":\n 2}'),
  ('00000000-0000-0000-0000-00000000000a', 2, 'White "wine"', 9.90, 0.5, '2026-02-28', NULL, NULL, 'sad', '{drink}', '{}', false, NULL, NULL),
  ('00000000-0000-0000-0000-00000000000a', 10, 'Bread', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('00000000-0000-0000-0000-00000000000b', 1, 'red cheese', 123456789.01, 3, NULL, NULL, NULL, NULL, '{food,"very old"}', NULL, NULL, NULL, NULL);`
)

func setup(t *testing.T, file, table string) (*pgx.Conn, *collection.Collection) {
	t.Helper()
	db := storetest.Connect(t, storetest.NewDatabase(t))
	if _, err := db.Exec(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	c, err := collection.Parse("goods", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return db, c
}

func prepare(t *testing.T, db table.DB, c *collection.Collection, asked string) *scan.Plan {
	t.Helper()
	q, err := query.Read(json.RawMessage(asked), c, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := scan.Prepare(t.Context(), db, c, q)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// begin begins a transaction that ends with the test.
func begin(t *testing.T, db *pgx.Conn) pgx.Tx {
	t.Helper()
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

// readAll reads with pages of so many rows and returns the records, and how many rows were looked
// at.
func readAll(t *testing.T, db *pgx.Conn, p *scan.Plan, rows int) (records []string, scanned int) {
	t.Helper()
	tx := begin(t, db)
	defer func() { _ = tx.Rollback(context.Background()) }()
	var after json.RawMessage
	for range 10_000 {
		page, err := p.Read(t.Context(), tx, after, rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			records = append(records, string(r))
		}
		scanned += page.Scanned
		if !page.More {
			return records, scanned
		}
		after = page.Last
	}
	t.Fatal("the pages do not end")
	return nil, 0
}

func TestRecordsAreReadAsTheyAreInOrderOfKeys(t *testing.T) {
	t.Parallel()
	db, c := setup(t, goodsFile, goodsTable)
	p := prepare(t, db, c, `{}`)
	want := []string{
		`{"place":1,"shelf":"00000000-0000-0000-0000-00000000000a","na\"me":"Red wine","price":10.00,"weight":0.1,"due":"2026-01-31",` +
			`"seen":"2026-01-31T10:00:00+00:00","at":"2026-01-31T10:00:00+00:00","mood":"glad","tags":["drink","red"],"sizes":[1,2],"sold":true,` +
			`"papers":{"a": 1},"raw":{"b":2}}`,
		`{"place":2,"shelf":"00000000-0000-0000-0000-00000000000a","na\"me":"White \"wine\"","price":9.90,"weight":0.5,"due":"2026-02-28",` +
			`"mood":"sad","tags":["drink"],"sizes":[],"sold":false}`,
		`{"place":10,"shelf":"00000000-0000-0000-0000-00000000000a","na\"me":"Bread"}`,
		`{"place":1,"shelf":"00000000-0000-0000-0000-00000000000b","na\"me":"red cheese","price":123456789.01,"weight":3,"tags":["food","very old"]}`,
	}
	for _, rows := range []int{1, 2, 3, 4, 5} {
		got, scanned := readAll(t, db, p, rows)
		if diff := cmp.Diff(want, got); diff != "" || scanned != 4 {
			t.Errorf("pages of %d, %d scanned (-want +got):\n%s", rows, scanned, diff)
		}
	}
}

func TestQueriesFindWhatTheyMean(t *testing.T) {
	t.Parallel()
	db, c := setup(t, goodsFile, goodsTable)
	const a, b = `"00000000-0000-0000-0000-00000000000a"`, `"00000000-0000-0000-0000-00000000000b"`
	for asked, want := range map[string]string{
		`{"query":"red"}`:                 "a1 b1",
		`{"query":"RED -cheese"}`:         "a1",
		`{"query":"\"red wine\" or old"}`: "a1 b1",
		`{"query":"glad"}`:                "a1",
		`{"query":"absent"}`:              "",
		`{"query":"!!"}`:                  "",

		`{"filter":{"shelf":` + b + `}}`:                    "b1",
		`{"filter":{"shelf":{"in":[` + a + `,` + b + `]}}}`: "a1 a2 a10 b1",
		`{"filter":{"shelf":{"gt":` + a + `}}}`:             "b1",
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
		for _, rows := range []int{1, 3, 100} {
			page, _ := readAll(t, db, prepare(t, db, c, asked), rows)
			got := short(t, page)
			if limited := strings.HasPrefix(asked, `{"limit":2}`); limited { // a page ends at the limit; whoever reads stops there
				got = got[:min(len(got), len(want))]
			}
			if got != want {
				t.Errorf("%s, pages of %d: %q, want %q", asked, rows, got, want)
			}
		}
	}
}

// short names records by the last letter of their shelf and their place.
func short(t *testing.T, records []string) string {
	t.Helper()
	var names []string
	for _, r := range records {
		var key struct {
			Shelf string
			Place int
		}
		if err := json.Unmarshal([]byte(r), &key); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
		names = append(names, fmt.Sprintf("%s%d", key.Shelf[len(key.Shelf)-1:], key.Place))
	}
	return strings.Join(names, " ")
}

func TestWhatPostgresCannotReadIsTheQuerysFault(t *testing.T) {
	t.Parallel()
	db, c := setup(t, goodsFile, goodsTable)
	for asked, told := range map[string]string{
		`{"filter":{"shelf":"x"}}`:                         `invalid input syntax for type uuid: "x"`,
		`{"filter":{"due":"2026-02-30"}}`:                  "out of range",
		`{"filter":{"mood":"mad"}}`:                        "mood",
		`{"filter":{"at":"soon"}}`:                         "timestamp",
		`{"filter":{"sizes":[["x"]]}}`:                     "integer",
		`{"filter":{"papers":"x"}}`:                        "can only be null",
		`{"filter":{"tags":{"gt":["a"]}}}`:                 "does not take gt",
		`{"sort":["raw"]}`:                                 "no order",
		`{"filter":{"shelf":"'); DROP TABLE goods; --"}}`:  "invalid input syntax",
		`{"filter":{"due":{"in":["2026-01-01","x y z"]}}}`: "date",
	} {
		q, err := query.Read(json.RawMessage(asked), c, 0)
		if err == nil {
			_, err = scan.Prepare(t.Context(), db, c, q)
		}
		if f := fault.Of(err); f.Kind != fault.Invalid || !strings.Contains(f.Message, told) {
			t.Errorf("%s: %v", asked, err)
		}
	}
}

func TestASearchForWordsNeedsText(t *testing.T) {
	t.Parallel()
	db, c := setup(t, `{"x-longshore":{"table":"n","key":["n"]},"properties":{"n":{"type":"integer"}}}`, `CREATE TABLE n (n INT PRIMARY KEY)`)
	_, err := scan.Prepare(t.Context(), db, c, query.Query{Text: "x"})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	c.Table = "nowhere"
	if _, err := scan.Prepare(t.Context(), db, c, query.Query{}); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("no table: %v", err)
	}
}
