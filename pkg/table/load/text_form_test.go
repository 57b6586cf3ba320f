package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/table/load"
)

// textFormTable has columns of types without a codec, beside columns of types with one.
const textFormTable = `
CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS ltree;
CREATE TYPE pair AS (a INT, b TEXT);
CREATE TYPE mood AS ENUM ('calm', 'very "tense"');
CREATE DOMAIN span AS INTERVAL CHECK (VALUE > '0') NOT NULL;
CREATE TABLE forms (
  id INT PRIMARY KEY, n NUMERIC, f FLOAT8, r REAL, b BOOLEAN, t TEXT, c CHAR(3), u UUID, d DATE, ti TIME, ts TIMESTAMP, tz TIMESTAMPTZ,
  j JSON, jb JSONB, ints INT[], texts TEXT[], numerics NUMERIC[], times TIMESTAMPTZ[], small INT2, big INT8,
  money MONEY, xml XML, hstore HSTORE, ltree LTREE, pair pair, citext CITEXT, "interval" INTERVAL, timetz TIMETZ, inet INET, cidr CIDR,
  mac MACADDR, int4range INT4RANGE, dates DATEMULTIRANGE, point POINT, bits BIT(3), mood mood, span span DEFAULT '1 day', bytea BYTEA, docs JSONB[], matrix INET[],
  moods mood[], inets INET[], grid TEXT[], bools BOOLEAN[], bytes BYTEA[], old DATE[], import_number BIGINT, import_row INT)`

// TestLoadTextForms compares values with the text that Postgres returns after COPY and after the upsert,
// in a table that needs the text form.
func TestLoadTextForms(t *testing.T) {
	t.Parallel()
	names := strings.Fields("id n f r b t c u d ti ts tz j jb ints texts numerics times small big money xml hstore ltree pair citext interval timetz inet" +
		" cidr mac int4range dates point bits mood span bytea docs matrix moods inets grid bools bytes old")
	f := newFixture(t, textFormTable,
		`{"x-longshore": {"table": "forms", "key": ["id"]}, "properties": {"`+strings.Join(names, `": {}, "`)+`": {}}}`)
	tests := []struct{ column, value, want string }{
		{"n", `-12345678901234567890.50`, "-12345678901234567890.50"},
		{"n", `1e20`, "100000000000000000000"},
		{"f", `0.1`, "0.1"},
		{"r", `1.5`, "1.5"},
		{"b", `true`, "true"},
		{"t", `"a\tb\nc\\d\"e'\r,{}()"`, "a\tb\nc\\d\"e'\r,{}()"},
		{"t", `""`, ""},
		{"t", `"\\N"`, `\N`},
		{"c", `"ab"`, "ab"},
		{"u", `"1B4E28BA-2fa1-11d2-883f-0016d3cca427"`, "1b4e28ba-2fa1-11d2-883f-0016d3cca427"},
		{"d", `"2026-01-31"`, "2026-01-31"},
		{"ti", `"23:59:59.999999"`, "23:59:59.999999"},
		{"ts", `"2026-01-31T12:30:00.5"`, "2026-01-31 12:30:00.5"},
		{"tz", `"2026-01-31T12:30:00+02:00"`, "2026-01-31 10:30:00+00"},
		{"j", `{"b":  "\n\\"}`, `{"b":  "\n\\"}`},
		{"jb", `{"b": 12345678901234567890.10}`, `{"b": 12345678901234567890.10}`},
		{"ints", `[1,null]`, "{1,NULL}"},
		{"texts", `["a\"b,{\\","",null]`, `{"a\"b,{\\","",NULL}`},
		{"texts", `[]`, `{}`},
		{"numerics", `[1.50]`, "{1.50}"},
		{"times", `["2026-01-31T12:30:00Z"]`, `{"2026-01-31 12:30:00+00"}`},
		{"small", `-7`, "-7"},
		{"big", `-9223372036854775808`, "-9223372036854775808"},
		{"money", `"12.50"`, "$12.50"},
		{"money", `12.5`, "$12.50"},
		{"xml", `"<a>b</a>"`, "<a>b</a>"},
		{"hstore", `"a=>1, b=>NULL"`, `"a"=>"1", "b"=>NULL`},
		{"ltree", `"a.b"`, "a.b"},
		{"pair", `"(1,\"x \"\"y\"\"\")"`, `(1,"x ""y""")`},
		{"citext", `"Ab"`, "Ab"},
		{"interval", `"1 day 2 hours"`, "1 day 02:00:00"},
		{"timetz", `"12:30:00+02"`, "12:30:00+02"},
		{"inet", `"::1"`, "::1/128"},
		{"cidr", `"10.0.0.0/8"`, "10.0.0.0/8"},
		{"mac", `"08:00:2b:01:02:03"`, "08:00:2b:01:02:03"},
		{"int4range", `"[1,5]"`, "[1,6)"},
		{"dates", `"{[2026-01-01,2026-01-02)}"`, "{[2026-01-01,2026-01-02)}"},
		{"point", `"(1,2)"`, "(1,2)"},
		{"bits", `"101"`, "101"},
		{"mood", `"very \"tense\""`, `very "tense"`},
		{"span", `"2 days"`, "2 days"},
		{"bytea", `"\\x00ff"`, `\x00ff`},
		{"bytea", `"AP8="`, `\x00ff`},
		{"moods", `["calm",null,"very \"tense\""]`, `{calm,NULL,"very \"tense\""}`},
		{"inets", `"{10.0.0.1}"`, "{10.0.0.1}"},
		{"docs", `[{"a":"12"},"12",12,[1,null],null]`, `{"{\"a\": \"12\"}","\"12\"",12,"[1, null]",NULL}`},
		{"matrix", `[["10.0.0.1","::1"],["10.0.0.2",null]]`, "{{10.0.0.1,::1},{10.0.0.2,NULL}}"},
		{"inets", `["10.0.0.1",null,"::1"]`, "{10.0.0.1,NULL,::1}"},
		{"int4range", `[1,5]`, "[1,6)"},
		{"grid", `[["a\"","b"],[null,"\\{,}"]]`, `{{"a\"",b},{NULL,"\\{,}"}}`},
		{"bools", `[[true],["f"]]`, "{{t},{f}}"},
		{"bytes", `["\\x00ff","AP8=",null]`, `{"\\x00ff","\\x00ff",NULL}`},
		{"old", `["0001-01-01","9999-12-31"]`, "{0001-01-01,9999-12-31}"},
		{"f", `"-Infinity"`, "-Infinity"},
		{"n", `"NaN"`, "NaN"},
		{"n", `"-Infinity"`, "-Infinity"},
		{"ti", `"24:00:00"`, "24:00:00"},
		{"tz", `"0001-01-01T00:00:00Z"`, "0001-01-01 00:00:00+00"},
		{"timetz", `"12:30:00.123456+02"`, "12:30:00.123456+02"},
	}
	for number, outcome := range []string{"created", "updated"} {
		var records []record
		var outcomes []string
		for i, tt := range tests {
			span := `,"span":"1 day"`
			if tt.column == "span" {
				span = ""
			}
			records = append(records, record{i + 1, fmt.Sprintf(`{"id":%d,%q:%s%s}`, i, tt.column, tt.value, span)})
			outcomes = append(outcomes, fmt.Sprintf("%d:%s", i+1, outcome))
		}
		f.load(t, int64(number+1), records...).want(t, outcomes, nil)
		for i, tt := range tests {
			var got string
			query := fmt.Sprintf("SELECT %q::text FROM forms WHERE id = $1", tt.column)
			if err := f.conn.QueryRow(t.Context(), query, i).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("%s %s %s = %q, want %q", tt.column, tt.value, outcome, got, tt.want)
			}
		}
	}
}

// TestLoadTextFormRefused loads texts that the input functions of their types refuse, among others.
func TestLoadTextFormRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE spans (id INT PRIMARY KEY, span INTERVAL, address INET, import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "spans", "key": ["id"]}, "properties": {"id": {}, "span": {}, "address": {}}}`)
	records := make([]record, 1000)
	for i := range records {
		records[i] = record{i + 1, fmt.Sprintf(`{"id":%d,"span":"%d hours","address":"10.0.0.1"}`, i, i)}
	}
	records[10].json = `{"id":10,"span":"soon"}`
	records[500].json = `{"id":500,"address":"300.0.0.1"}`
	got := f.load(t, 1, records...)
	if want := []string{"11:refused-by-database", "501:refused-by-database"}; fmt.Sprint(got.Rejected) != fmt.Sprint(want) {
		t.Errorf("Load() rejected = %v, want %v", got.Rejected, want)
	}
	f.wantRows(t, "SELECT count(*), sum(span) FROM spans", "(998,498990:00:00)")
}

// TestAddTextForms adds values of which an input function would change or refuse a part, so that they are
// rejected before.
func TestAddTextForms(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE spans (id INT PRIMARY KEY, i INTERVAL, z TIMETZ(3), n NAME, c "char", a INET[], import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "spans", "key": ["id"]}, "properties": {"id": {}, "i": {}, "z": {}, "n": {}, "c": {}, "a": {}}}`)
	for value, want := range map[string]string{
		`"i":"1 day 0.1234567 seconds"`:    load.CodeInexact,
		`"z":"12:30:00.1234+02"`:           load.CodeInexact,
		`"n":"` + strings.Repeat("n", 64):  load.CodeTooLong,
		`"c":"ab`:                          load.CodeTooLong,
		`"a":[["::1"],["::1","10.0.0.1"]]`: load.CodeInvalid,
		`"a":["::1",["::1"]]`:              load.CodeInvalid,
		`"i":{}`:                           load.CodeType,
	} {
		if strings.Count(value, `"`) == 3 {
			value += `"`
		}
		reasons := f.table.NewBatch().Add(1, members(t, f.collection, `{"id":1,`+value+`}`))
		if len(reasons) != 1 || reasons[0].Code != want {
			t.Errorf("Add(%s) = %+v, want %s", value, reasons, want)
		}
	}
}
