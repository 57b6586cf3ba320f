package load_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/table/scan"
)

// TestRoundTrip loads values and reads them as a search does: each must come back as it was sent, and can be
// loaded again.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE trips (id INT PRIMARY KEY, amount NUMERIC(78,2), big BIGINT, text_amount NUMERIC, text_big BIGINT, text_bigs BIGINT[],
		text_bool BOOLEAN, f FLOAT8, r REAL, ts TIMESTAMP, tz TIMESTAMPTZ, d DATE, ti TIME, u UUID, grid INT[], words TEXT[], j JSONB, raw JSON, b BOOLEAN,
		import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "trips", "key": ["id"]}, "properties": {"id": {}, "amount": {"type": "number"}, "big": {"type": "integer"},
		"text_amount": {"type": "string"}, "text_big": {"type": ["string", "null"]}, "text_bigs": {"type": "array", "items": {"type": "string"}},
		"text_bool": {"type": "string"}, "f": {"type": ["number", "string"]}, "r": {}, "ts": {"type": "string"}, "tz": {}, "d": {}, "ti": {}, "u": {},
		"grid": {}, "words": {}, "j": {}, "raw": true, "b": {}}}`)
	values := []string{
		`"amount":1234567890123456789012345678901234567890123456789012345678901234567890123456.78`,
		`"big":9223372036854775807`, `"text_amount":"12.50"`, `"text_amount":"NaN"`, `"text_big":"9007199254740993"`, `"text_bigs":["1","-2"]`,
		`"text_bool":"true"`, `"f":0.1`, `"f":"NaN"`, `"f":"-Infinity"`, `"r":1.5`, `"ts":"2026-01-31T12:30:00.5"`, `"tz":"2026-01-31T12:30:00+00:00"`,
		`"d":"0001-01-01"`, `"ti":"24:00:00"`, `"u":"1b4e28ba-2fa1-11d2-883f-0016d3cca427"`, `"grid":[[1,2],[3,null]]`, `"words":["a,\"b",null,""]`,
		`"j":{"n": 12345678901234567890.10}`, `"j":"12"`, `"raw":[1,  2]`, `"b":true`,
	}
	var records []record
	for i, value := range values {
		records = append(records, record{i + 1, fmt.Sprintf(`{"id":%d,%s}`, i, value)})
	}
	f.load(t, 1, records...)
	q, err := query.Parse(json.RawMessage(`{}`), f.collection, 0)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := scan.Prepare(t.Context(), f.conn, f.collection, q)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := f.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page, err := plan.Read(t.Context(), tx, nil, len(records)+1)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range page.Records {
		if diff := cmp.Diff(records[i].json, string(r)); diff != "" {
			t.Errorf("record read (-sent +read):\n%s", diff)
		}
	}
	if len(page.Records) != len(records) {
		t.Errorf("records read = %d, want %d", len(page.Records), len(records))
	}
}
