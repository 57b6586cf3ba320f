package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// The collection "cargo" has a key of two members, and columns of types that the shipped collection
// does not have. Where its schema allows several representations, the type of the column decides.
const (
	cargoFile = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Cargo",
  "x-longshore": {"table": "public.cargo", "key": ["vessel", "position"]},
  "type": "object",
  "required": ["vessel", "position"],
  "additionalProperties": false,
  "properties": {
    "vessel": {"type": "string"},
    "position": {"type": "integer"},
    "weight": {"type": ["number", "null"]},
    "containers": {"type": "integer"},
    "sealed": {"type": "boolean"},
    "departed": {"type": "string"},
    "due": {"type": "string"},
    "marks": {"type": "array", "items": {"type": "string"}},
    "papers": {"type": ["object", "array", "null"]}
  }
}`
	cargoTable = `CREATE TABLE cargo (
  papers JSONB, marks TEXT[], due DATE, departed TIMESTAMPTZ, sealed BOOLEAN, containers BIGINT CHECK (containers >= 0),
  weight NUMERIC(10, 3), position INT, vessel UUID, import_row INT, import_number BIGINT, loaded_at TIMESTAMPTZ DEFAULT now(),
  PRIMARY KEY (vessel, position))`

	vesselA = "0192f000-0000-7000-8000-00000000000a"
	vesselB = "0192f000-0000-7000-8000-00000000000b"
)

// cargoRows is the content of the table after the import of either body below, as Postgres formats
// it.
const cargoRows = `[
  {"vessel": "` + vesselA + `", "position": 1, "weight": 1234567.125, "containers": 9007199254740993, "sealed": true,
   "departed": "2026-01-31T10:30:00.123456+00:00", "due": "2026-02-28", "marks": ["fragile", "this | up"], "papers": {"n": [1, {"a": null}]}},
  {"vessel": "` + vesselA + `", "position": 2, "weight": null, "containers": null, "sealed": false,
   "departed": null, "due": null, "marks": [], "papers": null},
  {"vessel": "` + vesselB + `", "position": 1, "weight": -0.001, "containers": 1000, "sealed": null,
   "departed": "1969-07-20T20:17:40+00:00", "due": "1900-01-01", "marks": null, "papers": []}
]`

const cargoJSON = `[
  {"vessel": "` + vesselA + `", "position": 1, "weight": 1234567.125, "containers": 9007199254740993, "sealed": true,
   "departed": "2026-01-31T12:30:00.123456+02:00", "due": "2026-02-28", "marks": ["fragile", "this | up"], "papers": {"n": [1, {"a": null}]}},
  {"position": 2, "vessel": "` + vesselA + `", "weight": null, "sealed": false, "marks": [], "papers": null},
  {"vessel": "0192F000-0000-7000-8000-00000000000B", "position": 1, "weight": -1e-3, "containers": 1e3, "departed": "1969-07-20T20:17:40Z", "due": "1900-01-01", "papers": []}
]`

const cargoCSV = `vessel;position;weight;containers;sealed;departed;due;marks;papers
` + vesselA + `;1;1234567.125;9007199254740993;TRUE;2026-01-31T12:30:00.123456+02:00;2026-02-28;fragile | this \| up;"{""n"": [1, {""a"": null}]}"
` + vesselA + `;2;;;false;;;[];
` + vesselB + `; 1 ;-0.001;1000;;1969-07-20T20:17:40Z;1900-01-01;;[]
`

var invalidCargo = []brokenRecord{
	{"vessel", `{"vessel": "Titanic", "position": 9}`, "/vessel", "invalid-value"},
	{"position_too_large", `{"vessel": "` + vesselB + `", "position": 2147483648}`, "/position", "value-out-of-range"},
	{"position_fraction", `{"vessel": "` + vesselB + `", "position": 1.5}`, "/position", "type"},
	{"position_null", `{"vessel": "` + vesselB + `", "position": null}`, "/position", "type"},
	{"weight_too_large", `{"vessel": "` + vesselB + `", "position": 9, "weight": 10000000}`, "/weight", "value-out-of-range"},
	{"weight_text", `{"vessel": "` + vesselB + `", "position": 9, "weight": "heavy"}`, "/weight", "type"},
	{
		"containers_too_many", `{"vessel": "` + vesselB + `", "position": 9, "containers": 9223372036854775808}`, "/containers",
		"value-out-of-range",
	},
	{"containers_negative", `{"vessel": "` + vesselB + `", "position": 9, "containers": -1}`, "/containers", "check-violation"},
	{"sealed_word", `{"vessel": "` + vesselB + `", "position": 9, "sealed": "yes"}`, "/sealed", "type"},
	{"departed_word", `{"vessel": "` + vesselB + `", "position": 9, "departed": "yesterday"}`, "/departed", "invalid-value"},
	{"departed_without_zone", `{"vessel": "` + vesselB + `", "position": 9, "departed": "2026-01-31T12:30:00"}`, "/departed", "invalid-value"},
	{"due_no_day", `{"vessel": "` + vesselB + `", "position": 9, "due": "2026-02-30"}`, "/due", "invalid-value"},
	{"marks_numbers", `{"vessel": "` + vesselB + `", "position": 9, "marks": [1]}`, "/marks/0", "type"},
	{"papers_text", `{"vessel": "` + vesselB + `", "position": 9, "papers": "none"}`, "/papers", "type"},
	{"papers_with_nul", `{"vessel": "` + vesselB + `", "position": 9, "papers": {"a": ["\u0000"]}}`, "/papers/a/0", "nul-character"},
	{"papers_with_large_number", `{"vessel": "` + vesselB + `", "position": 9, "papers": [1e131000]}`, "/papers/0", "number-out-of-range"},
	{"loaded_at", `{"vessel": "` + vesselB + `", "position": 9, "loaded_at": "2026-01-31T12:30:00Z"}`, "/loaded_at", "unknown-member"},
}

// TestSecondCollection adds a collection by a file and a table.
func TestSecondCollection(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Collections: collectionFolder(t, "cargo", cargoFile), Tables: cargoTable})

	t.Run("listed", func(t *testing.T) {
		s := s.WithTB(t)
		response, err := s.Client().Get(t.Context(), "/")
		if err != nil {
			t.Fatal(err)
		}
		var index struct{ Collections []string }
		if err := json.Unmarshal(response.Body, &index); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"cargo", "tools"}, index.Collections); diff != "" {
			t.Errorf("collections (-want +got):\n%s", diff)
		}
	})
	t.Run("json", func(t *testing.T) {
		s := s.WithTB(t)
		op := s.Submit("cargo", client.RequestBody{Type: "application/json", Content: []byte(cargoJSON)})
		expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 3, Created: 3, Imported: 3})
		expectCargo(t, s, cargoRows)
	})
	t.Run("csv", func(t *testing.T) {
		s := s.WithTB(t)
		s.Exec(`TRUNCATE cargo`)
		op := s.Submit("cargo", client.RequestBody{Type: "text/csv", Content: []byte(cargoCSV)})
		expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 3, Created: 3, Imported: 3})
		expectCargo(t, s, cargoRows)
	})
	t.Run("invalid_records", func(t *testing.T) {
		s := s.WithTB(t)
		s.Exec(`TRUNCATE cargo`)
		var body strings.Builder
		for i, b := range invalidCargo {
			valid, _ := json.Marshal(map[string]any{"vessel": vesselA, "position": i})
			body.WriteString(string(valid) + "\n" + b.record + "\n")
		}
		n := len(invalidCargo)
		op := s.Submit("cargo", client.RequestBody{Type: "application/x-ndjson", Content: []byte(body.String())})
		expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 2 * n, Created: n, Imported: n, Failed: n})
		expectRejections(t, s.Records(op, "failed"), invalidCargo)
		expectFailedAsSent(t, s, op, invalidCargo)
	})
	t.Run("invalid_csv_records", func(t *testing.T) {
		s := s.WithTB(t)
		op := s.Submit("cargo", client.RequestBody{Type: "text/csv", Content: []byte("vessel,position,weight,sealed\n" +
			vesselB + ",1,heavy,true\n" + vesselB + ",2,1,maybe\n" + vesselB + ",3,1,true,5\n" + vesselB + ",4,1,true\n")})
		expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 4, Created: 1, Imported: 1, Failed: 3})
		expectOutcome(t, s, op, "failed", 1, 2, 3)
	})
	t.Run("shipped_collection", func(t *testing.T) {
		s := s.WithTB(t)
		expectCounts(t, s.WaitFor(s.SubmitJSON(tool.SampleJSON), "Succeeded"), client.Counts{Total: 5, Created: 5, Imported: 5})
	})
}

// expectCargo compares the rows of the table, without the columns that Longshore and the table
// itself fill.
func expectCargo(t *testing.T, s *stack.Stack, want string) {
	t.Helper()
	var got string
	err := s.DB().QueryRow(t.Context(), `
SELECT json_agg(to_jsonb(c) - 'import_number' - 'import_row' - 'loaded_at' ORDER BY vessel, position)::text FROM cargo c`).Scan(&got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decodeExactly(t, want), decodeExactly(t, got)); diff != "" {
		t.Errorf("cargo (-want +got):\n%s", diff)
	}
}

// decodeExactly decodes JSON and keeps the text of numbers.
func decodeExactly(t *testing.T, text string) any {
	t.Helper()
	var value any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		t.Fatalf("decoding %s: %v", text, err)
	}
	return value
}

// collectionFolder creates a folder for LONGSHORE_COLLECTIONS with the file of one collection.
func collectionFolder(t *testing.T, name, file string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, name+".json"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// failImports lets all imports into a table fail: each statement of the importer ends as if it were cancelled. The api,
// which reads the definition of the table and the rights on it only, accepts them. letImports ends that.
func failImports(s *stack.Stack, table string) {
	s.Exec(`CREATE OR REPLACE FUNCTION fail_imports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'cancelled' USING ERRCODE = 'query_canceled'; END $$;
CREATE TRIGGER fail_imports BEFORE INSERT ON ` + table + ` FOR EACH STATEMENT EXECUTE FUNCTION fail_imports()`)
}

func letImports(s *stack.Stack, table string) { s.Exec("DROP TRIGGER fail_imports ON " + table) }

// The collection "spoons" has a key and no other member.
const (
	spoonsFile = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "x-longshore": {"table": "public.spoons", "key": ["id"]},
  "type": "object", "required": ["id"], "additionalProperties": false,
  "properties": {"id": {"type": "integer"}}
}`
	spoonsTable = `CREATE TABLE spoons (id BIGINT PRIMARY KEY, import_number BIGINT, import_row INT)`
)
