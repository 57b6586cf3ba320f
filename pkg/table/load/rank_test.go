package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLoadKeys loads records with keys of many types. Two are equal to each other, a third is another key: one
// batch supersedes the first of the equal ones, and the next updates its row.
func TestLoadKeys(t *testing.T) {
	t.Parallel()
	url := newFixture(t, `CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS ltree;
		CREATE COLLATION public.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TYPE public.mood AS ENUM ('calm', 'tense'); CREATE TYPE public.pair AS (a NUMERIC, b TEXT); CREATE DOMAIN public.rate AS NUMERIC(6,2) CHECK (VALUE > 0);
		CREATE TABLE parts (id TEXT PRIMARY KEY, import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "parts", "key": ["id"]}, "properties": {"id": {}}}`).url
	for column, keys := range map[string][3]string{
		`TEXT`:                            {`"b"`, `"b"`, `"B"`},
		`TEXT COLLATE public.blind`:       {`"b"`, `"B"`, `"a"`},
		`VARCHAR(5) COLLATE public.blind`: {`"é"`, `"É"`, `"z"`},
		`TEXT[] COLLATE public.blind`:     {`["b","c"]`, `["B","C"]`, `["a"]`},
		`public.CITEXT`:                   {`"Ab"`, `"aB"`, `"b"`},
		`CHAR(3)`:                         {`"a"`, `"a "`, `"b"`},
		`NUMERIC`:                         {`1.0`, `"1.00"`, `-2`},
		`NUMERIC(5,2)`:                    {`1`, `1.000`, `"NaN"`},
		`public.rate`:                     {`1.50`, `15e-1`, `"2"`},
		`DOUBLE PRECISION`:                {`0.0`, `-0.0`, `1e-300`},
		`REAL`:                            {`"NaN"`, `"NaN"`, `1`},
		`BOOLEAN`:                         {`true`, `"t"`, `"f"`},
		`DATE`:                            {`"2026-01-31"`, `"2026-01-31"`, `"1999-01-01"`},
		`TIME`:                            {`"12:30"`, `"12:30:00.0"`, `"24:00"`},
		`TIMETZ`:                          {`"12:30:00+00"`, `"12:30:00Z"`, `"13:30:00+01"`},
		`TIMESTAMP`:                       {`"2026-01-31 12:30"`, `"2026-01-31T12:30:00"`, `"2026-01-31T12:30:01"`},
		`TIMESTAMPTZ`:                     {`"2026-01-31T12:30:00Z"`, `"2026-01-31 13:30:00+01"`, `"1969-01-31T12:30:00Z"`},
		`INTERVAL`:                        {`"1 day"`, `"24 hours"`, `"-1 hour"`},
		`UUID`:                            {`"1b4e28ba2fa111d2883f0016d3cca427"`, `"{1B4E28BA-2fa1-11d2-883f-0016d3cca427}"`, `"00000000-2fa1-11d2-883f-0016d3cca427"`},
		`BYTEA`:                           {`"AP8="`, `"\\x00ff"`, `""`},
		`JSONB`:                           {`{"a":1,"b":2}`, `{"b":2.0,"a":1}`, `"a"`},
		`INET`:                            {`"10.0.0.1"`, `"10.0.0.1/32"`, `"::1"`},
		`CIDR`:                            {`"10.0.0.0/8"`, `"10"`, `"11.0.0.0/8"`},
		`MACADDR`:                         {`"08:00:2b:01:02:03"`, `"08002B:010203"`, `"08:00:2b:01:02:04"`},
		`public.mood`:                     {`"tense"`, `"tense"`, `"calm"`},
		`public.pair`:                     {`"(1.0,x)"`, `"(1.00,x)"`, `"(1,y)"`},
		`public.LTREE`:                    {`"a.b"`, `"a.b"`, `"a"`},
		`public.HSTORE`:                   {`"a=>1,b=>2"`, `"b=>2, a=>1"`, `"a=>1"`},
		`INT4RANGE`:                       {`"[1,4]"`, `"[1,5)"`, `"empty"`},
		`INT4MULTIRANGE`:                  {`"{[1,4]}"`, `"{[1,5)}"`, `"{}"`},
		`MONEY`:                           {`"1.50"`, `1.5`, `2`},
		`BIT(3)`:                          {`"101"`, `"101"`, `"001"`},
		`VARBIT`:                          {`"101"`, `"101"`, `"0"`},
		`OID`:                             {`7`, `"7"`, `8`},
		`NAME`:                            {`"a"`, `"a"`, `"b"`},
		`INT[]`:                           {`[1,2]`, `[1.0,"2"]`, `[]`},
		`NUMERIC[]`:                       {`[1.0,null]`, `[1.00,null]`, `[[1]]`},
		`TIMESTAMPTZ[]`:                   {`["2026-01-31T12:30:00Z"]`, `["2026-01-31 13:30:00+01"]`, `[]`},
		`INET[]`:                          {`["::1"]`, `["::1/128"]`, `[]`},
		`PG_LSN`:                          {`"1/0"`, `"1/00"`, `"0/1"`},
	} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			f := newSharedFixture(t, url, fmt.Sprintf(`CREATE TABLE x (n INT, part INT, id %s NOT NULL, import_number BIGINT, import_row INT);
				CREATE UNIQUE INDEX ON x (part, id)`, column), `{"x-longshore": {"table": "x", "key": ["id", "part"]}, "properties": {"n": {}, "id": {}, "part": {}}}`)
			var records []record
			for i, key := range keys {
				records = append(records, record{i + 1, fmt.Sprintf(`{"id":%s,"part":1,"n":%d}`, key, i)})
			}
			records = append(records, record{4, fmt.Sprintf(`{"id":%s,"part":2,"n":3}`, keys[0])})
			f.load(t, 1, records...).want(t, []string{"1:superseded", "2:created", "3:created", "4:created"}, nil)
			f.load(t, 2, records[2], records[0]).want(t, []string{"3:updated", "1:updated"}, nil)
			f.wantRows(t, "SELECT n, import_number FROM x ORDER BY n", "(0,2)", "(2,2)", "(3,1)")
			if again := f.load(t, 1, records[1]); cmp.Diff([]string{"2:superseded"}, again.Outcomes) != "" {
				t.Errorf("outcomes of an earlier import = %v, want 2:superseded", again.Outcomes)
			}
		})
	}
}

// TestLoadUnreadableKeys loads keys that Postgres cannot read among others, which must not be affected.
func TestLoadUnreadableKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE hosts (address INET PRIMARY KEY, n INT, import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "hosts", "key": ["address"]}, "properties": {"address": {}, "n": {}}}`)
	var records []record
	var outcomes, rejected []string
	for i := 1; i <= 500; i++ {
		address, outcome := fmt.Sprintf("10.0.%d.%d", i/250, i%250), "created"
		if i%100 == 7 || i == 500 {
			address, outcome = "300."+address[3:], "failed"
			rejected = append(rejected, fmt.Sprintf("%d:refused-by-database", i))
		}
		records = append(records, record{i, fmt.Sprintf(`{"address":%q,"n":%d}`, address, i)})
		outcomes = append(outcomes, fmt.Sprintf("%d:%s", i, outcome))
	}
	f.load(t, 1, records...).want(t, outcomes, rejected)
	if got := f.rows(t, "SELECT count(*) FROM hosts"); strings.Join(got, "") != fmt.Sprintf("(%d)", len(records)-len(rejected)) {
		t.Errorf("rows = %v, want %d", got, len(records)-len(rejected))
	}
}

// TestLoadRoundedKeys loads keys that their column rounds to the same.
func TestLoadRoundedKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE rates (rate NUMERIC(4,1) PRIMARY KEY, n INT, import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "rates", "key": ["rate"], "round": true}, "properties": {"rate": {}, "n": {}}}`)
	f.load(t, 1, record{1, `{"rate":1.04,"n":1}`}, record{2, `{"rate":1,"n":2}`}, record{3, `{"rate":1.05,"n":3}`}).
		want(t, []string{"1:superseded", "2:created", "3:created"}, nil)
	f.wantRows(t, "SELECT rate, n FROM rates ORDER BY rate", "(1.0,2)", "(1.1,3)")
}
