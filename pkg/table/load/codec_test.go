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
  uuids UUID[], dates DATE[], import_number BIGINT, import_row INT)`

// valuesSchema returns a schema that declares all columns and allows any value.
func valuesSchema() string {
	names := strings.Fields("id text varchar char int2 int4 int8 float4 float8 numeric fixed whole boolean timestamptz timestamp date time uuid " +
		"jsonb json mood short texts varchars int2s ints int8s floats numerics booleans uuids dates")
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
		{"fixed", `1.005`, "1.01"},
		{"fixed", `-1`, "-1.00"},
		{"whole", `12345`, "12300"},
		{"boolean", `true`, "true"},
		{"boolean", `false`, "false"},
		{"timestamptz", `"2026-01-31T12:30:00Z"`, "2026-01-31 12:30:00+00"},
		{"timestamptz", `"2026-01-31T12:30:00.1234565+02:00"`, "2026-01-31 10:30:00.123457+00"},
		{"timestamptz", `"1969-12-31t23:59:59.999z"`, "1969-12-31 23:59:59.999+00"},
		{"timestamptz", `"0001-01-01T00:00:00Z"`, "0001-01-01 00:00:00+00"},
		{"timestamptz", `"2026-01-31\u005412:30:00Z"`, "2026-01-31 12:30:00+00"},
		{"timestamp", `"2026-01-31T12:30:00+02:00"`, "2026-01-31 10:30:00"},
		{"timestamp", `"2026-01-31T12:30:00.5"`, "2026-01-31 12:30:00.5"},
		{"timestamp", `"1999-01-31 12:30:00"`, "1999-01-31 12:30:00"},
		{"date", `"2024-02-29"`, "2024-02-29"},
		{"date", `"1999-12-31"`, "1999-12-31"},
		{"date", `"9999-12-31"`, "9999-12-31"},
		{"time", `"23:59:59.999999"`, "23:59:59.999999"},
		{"time", `"00:00:00Z"`, "00:00:00"},
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
			"int4":   {`"1"`, `1.5`, `1e-1`, `-`, `.`, `1.`, `1e`, `1e+`, `1x`, `true`, `0x10`, `--1`},
			"float8": {`"1"`, `-`, `1e`, `1_0`, `0x1p4`, `-Inf`}, "numeric": {`"1"`, `-`, `1e`, `NaN`, `1.x`},
			"boolean":     {`1`, `"true"`, `tru`, `nul`},
			"timestamptz": {`1`}, "date": {`{}`}, "time": {`1`}, "uuid": {`1`}, "mood": {`1`},
			"texts": {`"a"`, `{}`, `[1]`, `[["a"]]`, `["a",]`, `[,]`, `["a" "b"]`, `["a]`, `[`, `["]`, `["\"]`, `[{}]`, `["a"}`},
			"ints":  {`["1"]`, `[1.5]`, `[1,,2]`, `[ , ]`},
		},
		load.CodeOutOfRange: {
			"int2": {`32768`, `-32769`, `1e5`}, "int4": {`2147483648`},
			"int8":   {`9223372036854775808`, `-9223372036854775809`, `1e400`, `99999999999999999999999`},
			"float4": {`1e39`, `1e-46`, `-0.5e-50`}, "float8": {`1e400`, `-1e400`, `1e-400`}, "numeric": {`1e1001`, `1e-1001`, `1e99999999999999999999`},
			"fixed": {`1000`, `1e3`, `-12345`}, "whole": {`100000`},
			"ints": {`[2147483648]`}, "numerics": {`[1000]`},
		},
		load.CodeTooLong: {"varchar": {`"éééééé"`, `"abcde "`}, "char": {`"abcdef"`}, "short": {`"abcd"`}, "varchars": {`["abcd"]`}},
		load.CodeInvalid: {
			"text": {`"\ud800"`, `"\x"`, `"\"`},
			"timestamptz": {
				`"2026-01-31"`, `"2026-01-31T12:30:00"`, `"2026-02-30T12:30:00Z"`, `""`,
				`"0000-01-01T00:00:00Z"`, `"0001-01-01T00:00:00+01:00"`, `"9999-12-31T23:59:59-01:00"`, `"2026-01-31T12:30:00,5Z"`,
			},
			"timestamp": {`"x"`, `"2026-01-31T25:00:00"`, `"0000-01-01T00:00:00"`, `"2026-01-31 12:30:00,5"`},
			"date":      {`"2026-02-30"`, `"31.1.2026"`, `"2026-01-31T00:00:00Z"`, `"0000-01-01"`},
			"time":      {`"24:00:00"`, `"12:30:00+02:00"`, `"12:30:00ZZ"`, `"12:30:00zZ"`, `"12:30:00,5"`, `"Z"`},
			"uuid": {
				`"1b4e28ba2fa111d2883f0016d3cca427"`, `"urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427"`,
				`"{b4e28ba-2fa1-11d2-883f-0016d3cca4277"`, `""`,
			}, "dates": {`["x"]`},
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

// TestBatchAddReasonMessages checks pointers and messages, which users see.
func TestBatchAddReasonMessages(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE x ("a/~b" UUID, id TEXT PRIMARY KEY, l VARCHAR(2)[], import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "x", "key": ["id"]}, "properties": {"a/~b": {}, "id": {}, "l": {}}}`)
	var got []string
	for _, r := range f.table.NewBatch().Add(1, members(t, f.collection, `{"a/~b":"x","l":[1]}`)) {
		got = append(got, r.Pointer+" "+r.Message)
	}
	want := []string{
		"/id a value is needed: the column does not take NULL",
		"/a~1~0b the column's type uuid needs a UUID of 36 characters",
		"/l the column's type character varying(2)[] needs an array, each item null or a string",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Add() reasons (-want +got):\n%s", diff)
	}
}
