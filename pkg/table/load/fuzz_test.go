package load_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// fuzzed are the columns of valuesTable whose values are fuzzed, each with an expression that
// converts the text $1 as Postgres' own input does. A JSON number may be an integer in any form, so
// integers are converted by way of NUMERIC.
var fuzzed = []struct{ column, expression string }{
	{"text", "$1::text"},
	{"varchar", "CASE WHEN length($1) > 5 THEN 'too long' ELSE $1 END"},
	{"int2", "$1::numeric::int2"},
	{"int4", "$1::numeric::int4"},
	{"int8", "$1::numeric::int8"},
	{"float4", "$1::float4"},
	{"float8", "$1::float8"},
	{"numeric", "$1::numeric"},
	{"fixed", "$1::numeric(5,2)"},
	{"timestamptz", "$1::timestamptz"},
	{"timestamp", "$1::timestamp"},
	{"date", "$1::date"},
	{"time", "$1::time"},
	{"boolean", "$1::boolean"},
	{"uuid", "$1::uuid"},
	{"jsonb", "$1::jsonb"},
	{"ints", "ARRAY(SELECT jsonb_array_elements_text($1::jsonb)::numeric::int)"},
	{"texts", "ARRAY(SELECT jsonb_array_elements_text($1::jsonb))"},
}

// FuzzValue compares the values that Batch.Add accepts with Postgres' own text input: Postgres must
// accept the text too, and the stored value must be the same.
func FuzzValue(f *testing.F) {
	for i, values := range [][]string{
		{`"a\"b\u00e9\ud83d\ude00"`, `""`},
		{`"ééééé"`},
		{`-32768`, `1e3`},
		{`-1.50e1`, `0.0`},
		{`9223372036854775807.000`, `0e999999999999`},
		{`1.5`, `1e-46`},
		{`1e-400`, `-2.5e-300`},
		{`-12345.678`, `1.5e-7`},
		{`1.005`, `999.995`},
		{`"2026-01-31T12:30:00.1234565+02:00"`, `"0000-01-01T00:00:00Z"`, `"2026-01-31T12:30:00,5Z"`},
		{`"2026-01-31T12:30:00.5"`, `"0000-01-01T00:00:00"`, `"2026-01-31T12:30:00+02:00"`},
		{`"2024-02-29"`, `"0000-01-01"`},
		{`"23:59:59.9999999"`, `"12:00:00ZzZ"`, `"12:00:00,5"`, `"1:02:03"`},
		{`"t"`, `true`},
		{`"1B4E28BA-2fa1-11d2-883f-0016d3cca427"`},
		{`{"b": [1, null], "a": "\u00e9"}`},
		{`[1,2.0,null]`, `[ ]`},
		{`["a", null ,"b,\"]\u00e9"]`},
	} {
		for _, value := range values {
			f.Add(i, []byte(value))
		}
	}
	v := newValues(f)
	f.Fuzz(func(t *testing.T, column int, value []byte) {
		if column < 0 || column >= len(fuzzed) || !isRecordValue(value) {
			return // package record rejects such a value before
		}
		if strings.HasSuffix(fuzzed[column].column, "s") && isNested(value) {
			return // the expression has one dimension
		}
		v.compare(t, fuzzed[column].column, fuzzed[column].expression, value)
	})
}

// isNested reports whether an array has an array in it.
func isNested(value []byte) bool {
	var items []json.RawMessage
	return json.Unmarshal(value, &items) == nil && slices.ContainsFunc(items, func(item json.RawMessage) bool { return item[0] == '[' })
}

// isRecordValue reports whether a record may contain the value: strict JSON without U+0000, and
// numbers of a size that package record accepts.
func isRecordValue(value []byte) bool {
	if !jsontext.Value(value).IsValid() || len(value) > 200 || strings.Contains(string(value), `\u0000`) {
		return false
	}
	decoder := jsontext.NewDecoder(strings.NewReader(string(value)))
	for {
		token, err := decoder.ReadToken()
		if err != nil {
			return true
		}
		if number := token.String(); token.Kind() == '0' {
			_, exponent, _ := strings.Cut(strings.ToLower(number), "e")
			if len(number) > 40 || len(strings.TrimLeft(exponent, "+-0")) > 3 {
				return false
			}
		}
	}
}

// values is a table with a column of every type.
type values struct {
	conn    *pgx.Conn
	table   *load.Table
	members []string
}

func newValues(f *testing.F) *values {
	f.Helper()
	v := &values{conn: storetest.Connect(f, storetest.NewDatabase(f))}
	exec(f, v.conn, valuesTable)
	exec(f, v.conn, "SET TimeZone = 'UTC'")
	c := parse(f, valuesSchema())
	for _, p := range c.Properties {
		v.members = append(v.members, p.Name)
	}
	var err error
	if v.table, err = load.Describe(f.Context(), v.conn, c); err != nil {
		f.Fatal(err)
	}
	return v
}

// errUndo ends a transaction without an effect.
var errUndo = errors.New("undo")

// compare loads a record with the value, if it is accepted, and compares what is stored with the
// expression.
func (v *values) compare(t *testing.T, column, expression string, value []byte) {
	t.Helper()
	record := make([]jsontext.Value, len(v.members))
	for i, name := range v.members {
		switch name {
		case "id":
			record[i] = jsontext.Value("1")
		case column:
			record[i] = jsontext.Value(strings.TrimSpace(string(value)))
		}
	}
	batch := v.table.NewBatch()
	if reasons := batch.Add(1, record); reasons != nil || string(value) == "null" {
		return
	}
	err := pgx.BeginFunc(t.Context(), v.conn, func(tx pgx.Tx) error {
		text := textOf(value)
		if column == "jsonb" { // which stores a string as JSON
			text = string(value)
		}
		return v.compareStored(t.Context(), tx, batch, column, expression, text)
	})
	if !errors.Is(err, errUndo) {
		t.Errorf("%s: %s: %v", column, value, err)
	}
}

func (v *values) compareStored(ctx context.Context, tx pgx.Tx, batch *load.Batch, column, expression, text string) error {
	result, err := batch.Load(ctx, tx, 1)
	if err != nil {
		return err
	}
	var got, want string
	if len(result.Rejected) > 0 {
		if err := tx.QueryRow(ctx, "SELECT ("+expression+")::text", text).Scan(&want); err == nil {
			return fmt.Errorf("rejected as %+v, want %q as Postgres reads the text", result.Rejected, want)
		}
		return errUndo
	}
	if err := tx.QueryRow(ctx, fmt.Sprintf("SELECT %q::text FROM everything", column)).Scan(&got); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, "SELECT ("+expression+")::text", text).Scan(&want); err != nil {
		return fmt.Errorf("stored as %q, but Postgres does not read the text: %w", got, err)
	}
	if got != want {
		return fmt.Errorf("stored as %q, want %q as Postgres reads the text", got, want)
	}
	return errUndo
}

// textOf returns the text of a string, and any other JSON value unchanged.
func textOf(value []byte) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return strings.TrimSpace(string(value))
}
