package e2e_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// brokenRecord is a record that is rejected, with the pointer and the code of the reason.
type brokenRecord struct {
	name, record  string
	pointer, code string
}

// recordPrefix starts a record that is valid with a closing brace; %s is its id.
const recordPrefix = `{"tool_id":"%s","tool_name":"Broken","category":"Travel"`

var brokenRecords = []brokenRecord{
	{"no_object_array", `["R1","Broken","Travel"]`, "", "not-an-object"},
	{"no_object_text", `"R1"`, "", "not-an-object"},
	{"no_object_number", `42`, "", "not-an-object"},
	{"no_object_null", `null`, "", "not-an-object"},
	{"duplicate_member", recordPrefix + `,"tool_id":"R2"}`, "/tool_id", "duplicate-member"},
	{"duplicate_by_escape", recordPrefix + `,"tool\u005fid":"R2"}`, "/tool_id", "duplicate-member"},
	{"duplicate_within_unknown", recordPrefix + `,"x":{"a":1,"a":2}}`, "/x/a", "duplicate-member"},
	{"unknown_member", recordPrefix + `,"admin":true}`, "/admin", "unknown-member"},
	{"case_trick", recordPrefix + `,"Category":"Finance"}`, "/Category", "unknown-member"},
	{"server_owned_member", recordPrefix + `,"import_number":9}`, "/import_number", "unknown-member"},
	{"bad_bytes", recordPrefix + ",\"description\":\"a\xff\"}", "/description", "invalid-utf8"},
	{"bad_bytes_in_name", recordPrefix + ",\"\xff\":1}", "", "invalid-utf8"},
	{"lone_surrogate", recordPrefix + `,"description":"\ud800"}`, "/description", "lone-surrogate"},
	{"surrogates_the_wrong_way", recordPrefix + `,"description":"\udc00\ud800"}`, "/description", "lone-surrogate"},
	{"nul", recordPrefix + `,"description":"a\u0000b"}`, "/description", "nul-character"},
	{"nul_in_list", recordPrefix + `,"features":["a","\u0000"]}`, "/features/1", "nul-character"},
	{"number_out_of_range", recordPrefix + `,"features":[1e401]}`, "/features/0", "number-out-of-range"},
	{"number_with_many_digits", recordPrefix + `,"features":[` + strings.Repeat("9", 10_000) + `]}`, "/features/0", "number-out-of-range"},
	{"key_too_long", `{"tool_id":"` + strings.Repeat("R", 65) + `","tool_name":"Broken","category":"Travel"}`, "/tool_id", "too-long"},
	{"text_too_long", recordPrefix + `,"description":"` + strings.Repeat("ü", 10_001) + `"}`, "/description", "too-long"},
	{"text_empty", `{"tool_id":"R1","tool_name":"","category":"Travel"}`, "/tool_name", "too-short"},
	{"list_too_long", recordPrefix + `,"features":["a"` + strings.Repeat(`,"a"`, 100) + `]}`, "/features", "too-many-items"},
	{"missing_key", `{"tool_name":"Broken","category":"Travel"}`, "/tool_id", "required"},
	{"null_key", `{"tool_id":null,"tool_name":"Broken","category":"Travel"}`, "/tool_id", "type"},
	{"wrong_type", `{"tool_id":7,"tool_name":"Broken","category":"Travel"}`, "/tool_id", "type"},
	{"no_uri", recordPrefix + `,"url":"not a uri"}`, "/url", "format"},
	{"relative_uri", recordPrefix + `,"url":"/tools/1"}`, "/url", "format"},
	{"many_members", recordPrefix + manyMembers(1001) + `}`, "/m0", "unknown-member"},
}

func manyMembers(n int) string {
	var members strings.Builder
	for i := range n {
		fmt.Fprintf(&members, `,"m%d":0`, i)
	}
	return members.String()
}

// TestRecordsBroken imports broken records between good ones, over many chunks. Each broken record
// fails with its reason, and the good ones are created.
func TestRecordsBroken(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Importers: 2, Env: []string{"LONGSHORE_CHUNK_RECORDS=7"}})
	broken := make([]brokenRecord, len(brokenRecords))
	var body bytes.Buffer
	for i, b := range brokenRecords {
		if strings.HasPrefix(b.record, recordPrefix) {
			b.record = strings.Replace(b.record, "%s", "R"+strconv.Itoa(i), 1)
		}
		broken[i] = b
		body.Write(tool.NDJSON(1, func(int) tool.Tool { return tool.Numbered(i) }))
		body.WriteString(b.record + "\n")
	}
	op := s.SubmitLines(body.Bytes())
	m := s.WaitFor(op, "Succeeded")
	n := len(broken)
	expectCounts(t, m, client.Counts{Total: 2 * n, Created: n, Imported: n, Failed: n})
	if want := op.OperationLocation + "/records?outcome=failed"; m.Result.FailedRecords != want {
		t.Errorf("failedRecordsLocation is %q, want %q", m.Result.FailedRecords, want)
	}
	expectTools(t, s, numberedTools(n))
	expectRejections(t, s.Records(op, "failed"), broken)
	expectFailedAsSent(t, s, op, broken)
}

func expectRejections(t *testing.T, got []client.Record, want []brokenRecord) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records failed, want %d", len(got), len(want))
	}
	for i, b := range want {
		t.Run(b.name, func(t *testing.T) {
			if got[i].Row != 2*i+2 || got[i].Outcome != "failed" {
				t.Errorf("got row %d %q, want row %d failed", got[i].Row, got[i].Outcome, 2*i+2)
			}
			found := false
			for _, reason := range got[i].Reasons {
				found = found || reason.Pointer == b.pointer && reason.Code == b.code && reason.Message != ""
			}
			if !found {
				t.Errorf("reasons are %+v, want %q at %q", got[i].Reasons, b.code, b.pointer)
			}
		})
	}
}

// expectFailedAsSent compares failed records with the sent ones: in the response except for white
// space between tokens, in the table byte for byte.
func expectFailedAsSent(t *testing.T, s *stack.Stack, op client.Accepted, want []brokenRecord) {
	t.Helper()
	for i, got := range s.Records(op, "failed") {
		if got.Received != nil && string(got.Received) != want[i].record {
			t.Errorf("%s: response has received %q, want %q", want[i].name, got.Received, want[i].record)
		}
		if got.Received == nil && string(got.Record) != compact(t, want[i].record) {
			t.Errorf("%s: response has record %s, want %s", want[i].name, got.Record, want[i].record)
		}
		var stored []byte
		err := s.DB().QueryRow(t.Context(),
			`SELECT received FROM xforce.task_progress WHERE task_id = $1 AND row_number = $2`, op.ID, got.Row).Scan(&stored)
		if err != nil || string(stored) != want[i].record {
			t.Errorf("%s: table has %s (%v), want %s", want[i].name, stored, err, want[i].record)
		}
	}
}

// TestRecordsByOutcome lists records by outcome, as NDJSON and as CSV, also before any is
// processed.
func TestRecordsByOutcome(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Env: []string{"LONGSHORE_CHUNK_RECORDS=4"}})
	s.WaitFor(s.SubmitJSON(tool.SampleJSON), "Succeeded")
	sample := tool.Sample()
	records := []tool.Tool{
		{ID: "A1", Name: "New", Category: "Travel"},
		{ID: "A2", Name: "Twice", Category: "Travel"},
		sample[3],
		{ID: "A2", Name: "Twice, the later", Category: "Travel", Features: []string{"a", `"b"`, "c|d"}},
		{ID: "A3", Category: "No name"},
		{ID: "A4", Name: "Last", Category: "Travel"}, // a chunk of rejected records alone would not wait for the table
	}
	release := s.BlockWrites("xforce.tools")
	op := s.SubmitJSON(tool.JSON(records...))
	expectOutcome(t, s, op, "unprocessed", 1, 2, 3, 4, 5, 6)
	release()
	m := s.WaitFor(op, "Succeeded")
	expectCounts(t, m, client.Counts{Total: 6, Created: 3, Updated: 1, Superseded: 1, Imported: 5, Failed: 1})
	expectOutcome(t, s, op, "created", 1, 4, 6)
	expectOutcome(t, s, op, "updated", 3)
	expectOutcome(t, s, op, "superseded", 2)
	expectOutcome(t, s, op, "failed", 5)
	expectOutcome(t, s, op, "unprocessed")

	rows, err := s.Client().RecordsTable(t.Context(), op.OperationLocation, "created")
	if err != nil {
		t.Fatal(err)
	}
	sent := func(t tool.Tool) string { return string(bytes.Trim(tool.JSON(t), "[]\n")) }
	want := [][]string{
		{
			"tool_id", "tool_name", "category", "description", "features", "url", "longshore_row", "longshore_outcome", "longshore_reasons",
			"longshore_received",
		},
		{"A1", "New", "Travel", "", "", "", "1", "created", "", sent(records[0])},
		{"A2", "Twice, the later", "Travel", "", `["a","\"b\"","c|d"]`, "", "4", "created", "", sent(records[3])},
		{"A4", "Last", "Travel", "", "", "", "6", "created", "", sent(records[5])},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("created records as CSV (-want +got):\n%s", diff)
	}
}

// TestRecordsFailedCSVIsImportable downloads the failed records as CSV, corrects them and imports
// them again.
func TestRecordsFailedCSVIsImportable(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	wrong := tool.Tool{ID: "A1", Name: "A, \"B\"\nand C", Category: "Travel", Features: []string{"a", "c|d"}, URL: "none"}
	op := s.SubmitJSON(tool.JSON(wrong))
	expectCounts(t, s.WaitFor(op, "Succeeded"), client.Counts{Total: 1, Failed: 1})
	resp, err := s.Client().Get(t.Context(), op.OperationLocation+"/records?outcome=failed&format=csv")
	if err != nil {
		t.Fatal(err)
	}
	corrected := bytes.Replace(resp.Body, []byte("none"), []byte("https://example.com"), 1)
	// The columns added by Longshore are removed, as a user would in a spreadsheet.
	body := withoutLastColumns(t, corrected, 4)
	again := s.Submit("tools", client.RequestBody{Type: "text/csv", Content: body})
	expectCounts(t, s.WaitFor(again, "Succeeded"), client.Counts{Total: 1, Created: 1, Imported: 1})
	right := wrong
	right.URL = "https://example.com"
	expectTools(t, s, []tool.Tool{right})
}

func expectOutcome(t *testing.T, s *stack.Stack, op client.Accepted, outcome string, want ...int) {
	t.Helper()
	var rows []int
	for _, r := range s.Records(op, outcome) {
		if r.Outcome != outcome {
			t.Errorf("row %d has outcome %q, want %q", r.Row, r.Outcome, outcome)
		}
		rows = append(rows, r.Row)
	}
	if diff := cmp.Diff(want, rows, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("rows with outcome %s (-want +got):\n%s", outcome, diff)
	}
}
