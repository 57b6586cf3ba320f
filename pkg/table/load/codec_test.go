package load_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/table/load"
)

// valuesTable has a column of every supported type, named like the type.
const valuesTable = `
CREATE TYPE mood AS ENUM ('calm', 'tense');
CREATE DOMAIN short AS VARCHAR(3) CHECK (VALUE <> 'bad');
CREATE DOMAIN shorter AS short;
CREATE TABLE everything (
  id INT PRIMARY KEY, text TEXT, varchar VARCHAR(5), char CHAR(5), int2 INT2, int4 INT4, int8 INT8, float4 FLOAT4, float8 FLOAT8,
  numeric NUMERIC, fixed NUMERIC(5,2), whole NUMERIC(3,-2), boolean BOOLEAN, timestamptz TIMESTAMPTZ, timestamp TIMESTAMP, date DATE, time TIME,
  uuid UUID, jsonb JSONB, json JSON, mood mood, short shorter,
  texts TEXT[], varchars VARCHAR(3)[], int2s INT2[], ints INT[], int8s INT8[], floats FLOAT8[], numerics NUMERIC(5,2)[], booleans BOOLEAN[],
  uuids UUID[], dates DATE[], byteas BYTEA[], times TIMESTAMPTZ[], seconds TIMESTAMP(0), import_number BIGINT, import_row INT)`

// valuesSchema returns a schema that declares all columns and allows any value.
func valuesSchema() string {
	names := strings.Fields("id text varchar char int2 int4 int8 float4 float8 numeric fixed whole boolean timestamptz timestamp date time uuid " +
		"jsonb json mood short texts varchars int2s ints int8s floats numerics booleans uuids dates byteas times seconds")
	return `{"x-longshore": {"table": "everything", "key": ["id"]}, "properties": {"` + strings.Join(names, `": {}, "`) + `": {}}}`
}

// TestLoadValues compares JSON values with the text that Postgres returns after COPY and after the
// upsert.
func TestLoadValues(t *testing.T) {
	t.Parallel()
	f := newFixture(t, valuesTable, valuesSchema())
	tests := []struct{ column, value, want string }{
		{"text", `""`, ""},
		{"text", `"plain"`, "plain"},
		{"text", `"a\"b\\c\n\u00e9\ud83d\ude00/\/"`, "a\"b\\c\né😀//"},
		{"varchar", `"ééééé"`, "ééééé"},
		{"varchar", `"\u00e9\u00e9\u00e9\u00e9\u00e9"`, "ééééé"},
		{"char", `"ab"`, "ab"},
		{"int2", `-32768`, "-32768"},
		{"int2", `32767`, "32767"},
		{"int4", `1e3`, "1000"},
		{"int4", `-1.50e1`, "-15"},
		{"int4", `0.0`, "0"},
		{"int4", `-0`, "0"},
		{"int4", `2147483647`, "2147483647"},
		{"int8", `9223372036854775807`, "9223372036854775807"},
		{"int8", `-9223372036854775808`, "-9223372036854775808"},
		{"int8", `9223372036854775807.000`, "9223372036854775807"},
		{"int8", `0e999999999999`, "0"},
		{"int8", `1000e-3`, "1"},
		{"float4", `1.5`, "1.5"},
		{"float8", `-2.5e-300`, "-2.5e-300"},
		{"float8", `1e4`, "10000"},
		{"float8", `0.1`, "0.1"},
		{"numeric", `0`, "0"},
		{"numeric", `-0.0`, "0.0"},
		{"numeric", `1`, "1"},
		{"numeric", `1.50`, "1.50"},
		{"numeric", `-12345.678`, "-12345.678"},
		{"numeric", `10000`, "10000"},
		{"numeric", `0.0001`, "0.0001"},
		{"numeric", `0.00001`, "0.00001"},
		{"numeric", `1e4`, "10000"},
		{"numeric", `1.5e-7`, "0.00000015"},
		{"numeric", `123456789012345678901234567890.1234567891`, "123456789012345678901234567890.1234567891"},
		{"numeric", `1e20`, "100000000000000000000"},
		{"numeric", `99999999`, "99999999"},
		{"numeric", `1.5e1`, "15"},
		{"fixed", `999.99`, "999.99"},
		{"fixed", `1.500`, "1.50"},
		{"fixed", `"-12.50"`, "-12.50"},
		{"fixed", `-1`, "-1.00"},
		{"whole", `12300`, "12300"},
		{"int2", `"-7"`, "-7"},
		{"int4", `"1e3"`, "1000"},
		{"int8", `"9007199254740993"`, "9007199254740993"},
		{"float4", `"1.5"`, "1.5"},
		{"float4", `16777216`, "1.6777216e+07"},
		{"float4", `3.14159265358979`, "3.1415927"},
		{"float4", `3.4028235e38`, "3.4028235e+38"},
		{"float8", `9007199254740992`, "9.007199254740992e+15"},
		{"float8", `1e22`, "1e+22"},
		{"float8", `123456789012345680000`, "1.2345678901234568e+20"},
		{"float8", `1.7976931348623157e308`, "1.7976931348623157e+308"},
		{"float8", `0.10000000000000001`, "0.1"},
		{"float8", `-0.0`, "-0"},
		{"float8", `"-Infinity"`, "-Infinity"},
		{"float8", `"NaN"`, "NaN"},
		{"numeric", `"NaN"`, "NaN"},
		{"numeric", `"Infinity"`, "Infinity"},
		{"numeric", `"-Infinity"`, "-Infinity"},
		{"fixed", `"NaN"`, "NaN"},
		{"numeric", `"123456789012345678901234567890.10"`, "123456789012345678901234567890.10"},
		{"numeric", strings.Repeat("9", 1000), strings.Repeat("9", 1000)},
		{"boolean", `"t"`, "true"},
		{"boolean", `"FALSE"`, "false"},
		{"boolean", `true`, "true"},
		{"boolean", `false`, "false"},
		{"timestamptz", `"2026-01-31T12:30:00Z"`, "2026-01-31 12:30:00+00"},
		{"timestamptz", `"2026-01-31T12:30:00.123456000+02:00"`, "2026-01-31 10:30:00.123456+00"},
		{"timestamptz", `"2026-01-31 12:30:00+00"`, "2026-01-31 12:30:00+00"},
		{"timestamptz", `"2026-01-31 12:30:00.5-0130"`, "2026-01-31 14:00:00.5+00"},
		{"timestamptz", `"2026-01-31T12:30+01"`, "2026-01-31 11:30:00+00"},
		{"timestamptz", `"2026-01-31T1:30:00Z"`, "2026-01-31 01:30:00+00"},
		{"timestamptz", `"1800-01-01 00:53:28+00:53:28"`, "1800-01-01 00:00:00+00"},
		{"timestamptz", `"1969-12-31t23:59:59.999z"`, "1969-12-31 23:59:59.999+00"},
		{"timestamptz", `"0001-01-01T00:00:00Z"`, "0001-01-01 00:00:00+00"},
		{"timestamptz", `"2026-01-31\u005412:30:00Z"`, "2026-01-31 12:30:00+00"},
		{"timestamp", `"2026-01-31T12:30"`, "2026-01-31 12:30:00"},
		{"seconds", `"2026-01-31 12:30:01.000"`, "2026-01-31 12:30:01"},
		{"timestamp", `"2026-01-31T12:30:00.5"`, "2026-01-31 12:30:00.5"},
		{"timestamp", `"1999-01-31 12:30:00"`, "1999-01-31 12:30:00"},
		{"date", `"2024-02-29"`, "2024-02-29"},
		{"date", `"1999-12-31"`, "1999-12-31"},
		{"date", `"9999-12-31"`, "9999-12-31"},
		{"time", `"23:59:59.999999"`, "23:59:59.999999"},
		{"time", `"24:00:00"`, "24:00:00"},
		{"time", `"12:30"`, "12:30:00"},
		{"time", `"1:02:03"`, "01:02:03"},
		{"uuid", `"1b4e28ba2fa111d2883f0016d3cca427"`, "1b4e28ba-2fa1-11d2-883f-0016d3cca427"},
		{"uuid", `"{1b4e28ba-2fa1-11d2-883f-0016d3cca427}"`, "1b4e28ba-2fa1-11d2-883f-0016d3cca427"},
		{"uuid", `"1B4E28BA-2fa1-11d2-883f-0016d3cca427"`, "1b4e28ba-2fa1-11d2-883f-0016d3cca427"},
		{"jsonb", `{"b": [1, null], "a": "\u00e9"}`, `{"a": "é", "b": [1, null]}`},
		{"jsonb", `"x"`, `"x"`},
		{"json", `{"b":  1}`, `{"b":  1}`},
		{"mood", `"tense"`, "tense"},
		{"short", `"abc"`, "abc"},
		{"texts", `[]`, "{}"},
		{"texts", `[ ]`, "{}"},
		{"texts", `["a", null ,"b,\"]\u00e9" , ""]`, `{a,NULL,"b,\"]é",""}`},
		{"varchars", `["abc"]`, "{abc}"},
		{"int2s", `[1,-2]`, "{1,-2}"},
		{"ints", `[ 1 , 2.0, null]`, "{1,2,NULL}"},
		{"int8s", `[9223372036854775807]`, "{9223372036854775807}"},
		{"floats", `[0.5, 1e2]`, "{0.5,100}"},
		{"numerics", `[1, 2.5]`, "{1.00,2.50}"},
		{"booleans", `[true,false,null]`, "{t,f,NULL}"},
		{"uuids", `["1b4e28ba-2fa1-11d2-883f-0016d3cca427"]`, "{1b4e28ba-2fa1-11d2-883f-0016d3cca427}"},
		{"dates", `["2026-01-31"]`, "{2026-01-31}"},
		{"byteas", `["\\x00ff","AP8=",null]`, `{"\\x00ff","\\x00ff",NULL}`},
		{"times", `["2026-01-31 12:30:00+00"]`, `{"2026-01-31 12:30:00+00"}`},
		{"texts", `[["a","]b,\"["],[null , "c"] ]`, `{{a,"]b,\"["},{NULL,c}}`},
		{"ints", `[[[1],[2]],[["3"],[4]]]`, "{{{1},{2}},{{3},{4}}}"},
	}
	for number, outcome := range []string{"created", "updated"} {
		var records []record
		var outcomes []string
		for i, tt := range tests {
			records = append(records, record{i + 1, fmt.Sprintf(`{"id":%d,%q:%s}`, i, tt.column, tt.value)})
			outcomes = append(outcomes, fmt.Sprintf("%d:%s", i+1, outcome))
		}
		f.load(t, int64(number+1), records...).want(t, outcomes, nil)
		for i, tt := range tests {
			var got string
			query := fmt.Sprintf("SELECT %q::text FROM everything WHERE id = $1", tt.column)
			if err := f.conn.QueryRow(t.Context(), query, i).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("%s %s %s = %q, want %q", tt.column, tt.value, outcome, got, tt.want)
			}
		}
	}
}

// TestBatchAddInvalidValues adds values that do not fit their columns. None may make Add panic, not
// even one that is not JSON.
func TestBatchAddInvalidValues(t *testing.T) {
	t.Parallel()
	f := newFixture(t, valuesTable+`; ALTER TABLE everything ALTER text SET NOT NULL`, valuesSchema())
	invalid := map[string]map[string][]string{
		load.CodeNotNull: {"text": {"", "null"}, "id": {"", "null"}},
		load.CodeType: {
			"text": {`1`, `true`, `[]`, `{}`, `"`, `x`}, "char": {`1`},
			"int4":   {`"x"`, `"007"`, `" 1"`, `"+1"`, `"1.5"`, `""`, `1.5`, `1e-1`, `-`, `.`, `1.`, `1e`, `1e+`, `1x`, `true`, `0x10`, `--1`},
			"float8": {`"x"`, `"Inf"`, `".5"`, `-`, `1e`, `1_0`, `0x1p4`, `-Inf`}, "numeric": {`"x"`, `"nan"`, `-`, `1e`, `NaN`, `1.x`},
			"boolean":     {`1`, `t`, `tru`, `nul`},
			"timestamptz": {`1`}, "date": {`{}`}, "time": {`1`}, "uuid": {`1`}, "mood": {`1`},
			"texts": {`"a"`, `{}`, `[1]`, `["a",]`, `[["a"]`, `[[[`, `[["a",]]`, `[[1]]`, `[["a]]`, `[,]`, `["a" "b"]`, `["a]`, `[`, `["]`, `["\"]`, `[{}]`, `["a"}`},
			"ints":  {`["x"]`, `[1.5]`, `[1,,2]`, `[ , ]`},
		},
		load.CodeOutOfRange: {
			"int2": {`32768`, `-32769`, `1e5`}, "int4": {`2147483648`},
			"int8":   {`9223372036854775808`, `-9223372036854775809`, `1e400`, `99999999999999999999999`},
			"float4": {`1e39`, `1e-46`, `-0.5e-50`}, "float8": {`1e400`, `-1e400`, `1e-400`}, "numeric": {`1e1001`, `1e-1001`, `1e99999999999999999999`},
			"fixed": {`1000`, `1e3`, `-12345`, `"Infinity"`}, "whole": {`100000`},
			"ints": {`[2147483648]`}, "numerics": {`[1000]`},
		},
		load.CodeInexact: {
			"fixed": {`1.005`, `"1.001"`, `1e-3`}, "whole": {`12345`, `1`}, "numerics": {`[1.001]`},
			"float8": {`9007199254740993`, `-9007199254740993`, `9007199254740992.5`, `123456789012345678901`}, "float4": {`16777217`, `123456789.5`},
			"floats": {`[9007199254740993]`}, "seconds": {`"2026-01-31T12:30:00.1"`}, "time": {`"23:59:59.9999999"`},
			"timestamptz": {`"2026-01-31T12:30:00.1234565Z"`}, "timestamp": {`"2026-01-31T12:30:00.0000001"`}, "times": {`["2026-01-31T12:30:00.0000001Z"]`},
		},
		load.CodeTooLong: {"varchar": {`"éééééé"`, `"abcde "`}, "char": {`"abcdef"`}, "short": {`"abcd"`}, "varchars": {`["abcd"]`}},
		load.CodeInvalid: {
			"text": {`"\ud800"`, `"\x"`, `"\"`},
			"timestamptz": {
				`"2026-01-31"`, `"2026-01-31T12:30:00"`, `"2026-02-30T12:30:00Z"`, `""`,
				`"0000-01-01T00:00:00Z"`, `"0001-01-01T00:00:00+01:00"`, `"9999-12-31T23:59:59-01:00"`, `"2026-01-31T12:30:00,5Z"`,
				`"2016-12-31T23:59:60Z"`, `"2026-01-31T24:00:00Z"`, `"2026-01-31T12:30:00+16"`, `"2026-01-31T12:30:00+1"`, `"2026-01-31T12:30:00+01:60"`, `"2026-01-31T12:30:00+010000"`, `"2026-01-31T12:30:00+0100:00"`,
				`"2026-01-31T12:30:00Zz"`, `"2026-01-31T12:30:00.Z"`, `"2026-01-31T12Z"`, `"2026-01-31T12:3Z"`, `"2026-01-31T"`, `"2026-01-31T12:30:00+01:0"`,
			},
			"timestamp": {`"x"`, `"2026-01-31T25:00:00"`, `"0000-01-01T00:00:00"`, `"2026-01-31 12:30:00,5"`, `"2026-01-31T12:30:00Z"`, `"2026-01-31 12:30:00+02"`},
			"date":      {`"2026-02-30"`, `"31.1.2026"`, `"2026-01-31T00:00:00Z"`, `"0000-01-01"`, `"2026-01-31Z"`, `"2026-1-5"`, `"10000-01-01"`, `"infinity"`, `"2026-01-31 "`, `"-026-01-31"`, `"2026-13-01"`, `"2026-00-01"`, `"2026-01-00"`},
			"time":      {`"24:00:01"`, `"25:00"`, `"24:30"`, `"12:60"`, `"12:30:60"`, `"12"`, `"12:30:00Z"`, `"12:30:00+02:00"`, `"12:30:00ZZ"`, `"12:30:00zZ"`, `"12:30:00,5"`, `"Z"`},
			"uuid": {
				`"{1b4e28ba-2fa1-11d2-883f-0016d3cca427"`, `"{}"`, `"urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427"`,
				`"{b4e28ba-2fa1-11d2-883f-0016d3cca4277"`, `""`,
			}, "dates": {`["x"]`},
			"texts": {`[["a"],["b","c"]]`, `["a",["b"]]`, `[["a"],"b"]`, `[["a"],null]`, `[[]]`, `[[["a"]],[["b"],["c"]]]`, `[[[[[[["a"]]]]]]]`},
		},
	}
	batch := f.table.NewBatch()
	for code, columns := range invalid {
		for column, texts := range columns {
			for _, value := range texts {
				values := members(t, f.collection, `{"id":1,"text":""}`)
				for i, p := range f.collection.Properties {
					if p.Name == column {
						values[i] = jsontext.Value(value)
					}
				}
				reasons := batch.Add(1, values)
				if len(reasons) != 1 || reasons[0].Code != code || reasons[0].Pointer != "/"+column {
					t.Errorf("Add(%s: %s) = %+v, want %s", column, value, reasons, code)
				}
			}
		}
	}
	if batch.Len() != 0 || batch.Size() != 0 {
		t.Errorf("Len() = %d, Size() = %d, want an empty batch", batch.Len(), batch.Size())
	}
}

// TestLoadRounds loads values that their columns can't keep into a collection that rounds.
func TestLoadRounds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, valuesTable, strings.Replace(valuesSchema(), `"key"`, `"round": true, "key"`, 1))
	tests := []struct{ column, value, want string }{
		{"fixed", `1.005`, "1.01"},
		{"fixed", `-1.005`, "-1.01"},
		{"whole", `12345`, "12300"},
		{"numerics", `["1.005"]`, "{1.01}"},
		{"float8", `9007199254740993`, "9.007199254740992e+15"},
		{"float4", `16777217`, "1.6777216e+07"},
		{"seconds", `"2026-01-31T12:30:01.5"`, "2026-01-31 12:30:02"},
		{"seconds", `"2026-12-31T23:59:59.999"`, "2027-01-01 00:00:00"},
		{"time", `"23:59:59.9999999"`, "24:00:00"},
		{"timestamptz", `"2026-01-31T12:30:00.1234567+02:00"`, "2026-01-31 10:30:00.123457+00"},
		{"timestamptz", `"2026-01-31T12:30:00.1234564Z"`, "2026-01-31 12:30:00.123456+00"},
	}
	for i, tt := range tests {
		f.load(t, 1, record{i + 1, fmt.Sprintf(`{"id":%d,%q:%s}`, i, tt.column, tt.value)}).want(t, []string{fmt.Sprintf("%d:created", i+1)}, nil)
		var got string
		if err := f.conn.QueryRow(t.Context(), fmt.Sprintf("SELECT %q::text FROM everything WHERE id = $1", tt.column), i).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != tt.want {
			t.Errorf("%s %s = %q, want %q", tt.column, tt.value, got, tt.want)
		}
	}
	reasons := f.table.NewBatch().Add(1, members(t, f.collection, `{"id":1,"float8":1e-400}`))
	if len(reasons) != 1 || reasons[0].Code != load.CodeOutOfRange {
		t.Errorf("Add(1e-400) = %+v, want %s", reasons, load.CodeOutOfRange)
	}
}

// TestBatchAddReasonMessages checks pointers and messages, which users see.
func TestBatchAddReasonMessages(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE x ("a/~b" UUID, id TEXT PRIMARY KEY, l VARCHAR(2)[],
		n NUMERIC(5,2), ts TIMESTAMP, ti TIME(3), f REAL, m INT[], import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "x", "key": ["id"]}, "properties": {"a/~b": {}, "id": {}, "l": {}, "n": {}, "ts": {}, "ti": {}, "f": {}, "m": {}}}`)
	var got []string
	for _, r := range f.table.NewBatch().Add(1, members(t, f.collection, `{"a/~b":"x","l":[1],"n":1.005,"ts":"2026-01-31T12:30:00Z","ti":"12:30:00.0001",
		"f":16777217,"m":[[1],[2,3]]}`)) {
		got = append(got, r.Pointer+" "+r.Message)
	}
	want := []string{
		"/id a value is needed: the column does not take NULL",
		"/a~1~0b the column's type uuid needs a UUID such as 123e4567-e89b-12d3-a456-426614174000",
		"/l the column's type character varying(2)[] needs an array, each item null or a string",
		"/n the number has more decimals than the scale 2 of the column's type numeric(5,2): send fewer, or let the collection round with x-longshore.round",
		"/ts the column has no time zone: send the time without one",
		"/ti the time has more than the 3 decimals of a second that the column's type time(3) without time zone keeps: send fewer, or let the collection round with x-longshore.round",
		"/f the number has more digits than the column's type real keeps: send fewer, or let the collection round with x-longshore.round",
		"/m nested arrays need equal lengths, at least one item, and at most 6 dimensions, to become an array of the column's type integer[]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Add() reasons (-want +got):\n%s", diff)
	}
}
