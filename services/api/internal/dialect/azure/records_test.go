package azure_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
)

const recordsPath = "/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records"

// broken are rejected records of every shape: an object, one with a member that is not declared,
// one that is no object, one that is no UTF-8, one with a member twice.
var broken = []operation.Rejection{
	{
		Row: 2, Received: []byte(`{"tool_id":"A","tool_name":"<a>, \"b\"","features":["x","y"],"url":null,"colour":"blue"}`),
		Reasons: []operation.Reason{
			{Pointer: "/colour", Code: "unknown-member", Message: `member "colour" is not declared; <see> docs`},
			{Pointer: "/category", Code: "required", Message: "is missing; it is required"},
		},
	},
	{Row: 3, Received: []byte(`[1, "two"]`), Reasons: []operation.Reason{{Code: "not-an-object", Message: "must be an object"}}},
	{Row: 5, Received: []byte("{\"tool_id\":\"\xff\"}"), Reasons: []operation.Reason{{Pointer: "/tool_id", Code: "invalid-utf8", Message: "no UTF-8"}}},
	{Row: 9, Received: []byte(`{"tool_id":"B","tool_id":"C"}`), Reasons: []operation.Reason{{Pointer: "/tool_id", Code: "duplicate-member", Message: "twice"}}},
}

func TestRecordsAsNDJSON(t *testing.T) {
	t.Parallel()
	w := ask(t, &reader{op: in(operation.Succeeded), rejections: broken}, recordsPath)
	want := []string{
		`{"row":2,"outcome":"failed","record":{"tool_id":"A","tool_name":"<a>, \"b\"","features":["x","y"],"url":null,"colour":"blue"},` +
			`"reasons":[{"pointer":"/colour","code":"unknown-member","message":"member \"colour\" is not declared; <see> docs"},` +
			`{"pointer":"/category","code":"required","message":"is missing; it is required"}]}`,
		`{"row":3,"outcome":"failed","record":[1,"two"],"reasons":[{"pointer":"","code":"not-an-object","message":"must be an object"}]}`,
		"{\"row\":5,\"outcome\":\"failed\",\"record\":{\"tool_id\":\"\uFFFD\"},\"receivedBase64\":\"eyJ0b29sX2lkIjoi/yJ9\"," +
			`"reasons":[{"pointer":"/tool_id","code":"invalid-utf8","message":"no UTF-8"}]}`,
		`{"row":9,"outcome":"failed","record":{"tool_id":"B","tool_id":"C"},"reasons":[{"pointer":"/tool_id","code":"duplicate-member","message":"twice"}]}`,
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSuffix(w.Body.String(), "\n"), "\n")); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if kind := w.Header().Get("Content-Type"); kind != "application/x-ndjson" {
		t.Errorf("it is %s", kind)
	}

	w = ask(t, &reader{op: in(operation.Succeeded), records: []string{`{"tool_id":"A"}`}}, recordsPath+"?outcome=created")
	if got, want := w.Body.String(), `{"row":1,"outcome":"created","record":{"tool_id":"A"}}`+"\n"; got != want {
		t.Errorf("a created record is %s", got)
	}
}

func table(t *testing.T, r *reader, path string, header ...string) [][]string {
	t.Helper()
	w := ask(t, r, path, header...)
	if kind := w.Header().Get("Content-Type"); w.Code != http.StatusOK || !strings.HasPrefix(kind, "text/csv") {
		t.Fatalf("%s: %d %s: %s", path, w.Code, kind, w.Body)
	}
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var tableHeader = []string{
	"tool_id", "tool_name", "category", "description", "features", "url",
	"longshore_row", "longshore_outcome", "longshore_reasons", "longshore_received",
}

// A row must lose nothing, whatever the record is: the reasons can be read by a program, and the
// record stands there as it came.
func TestRecordsAsCSV(t *testing.T) {
	t.Parallel()
	rows := table(t, &reader{op: in(operation.Succeeded), rejections: broken}, recordsPath+"?format=csv")
	members := [][]string{
		{"A", `<a>, "b"`, "", "", `["x","y"]`, "", "2", "failed"},
		{"", "", "", "", "", "", "3", "failed"},
		{"\uFFFD", "", "", "", "", "", "5", "failed"},
		{"C", "", "", "", "", "", "9", "failed"},
	}
	if diff := cmp.Diff(tableHeader, rows[0]); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	for n, row := range rows[1:] {
		if diff := cmp.Diff(members[n], row[:8]); diff != "" {
			t.Errorf("row %d (-want +got):\n%s", n, diff)
		}
		var reasons []operation.Reason
		if err := json.Unmarshal([]byte(row[8]), &reasons); err != nil {
			t.Errorf("reasons %s: %v", row[8], err)
		}
		if diff := cmp.Diff(broken[n].Reasons, reasons); diff != "" {
			t.Errorf("reasons of row %d (-want +got):\n%s", n, diff)
		}
		if want := strings.ToValidUTF8(string(broken[n].Received), "\uFFFD"); row[9] != want {
			t.Errorf("%s was received, and is shown as %s", want, row[9])
		}
	}
	if !strings.Contains(rows[1][8], "<see>") {
		t.Errorf("reasons are escaped: %s", rows[1][8])
	}

	rows = table(t, &reader{op: in(operation.Running), records: []string{`{"tool_id":"A"}`}}, recordsPath+"?outcome=unprocessed", "Accept", "text/csv")
	want := [][]string{tableHeader, {"A", "", "", "", "", "", "1", "unprocessed", "", `{"tool_id":"A"}`}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("without reasons (-want +got):\n%s", diff)
	}
}

func TestTheQuerysFormatIsStrongerThanAccept(t *testing.T) {
	t.Parallel()
	w := ask(t, &reader{op: in(operation.Running)}, recordsPath+"?format=ndjson", "Accept", "text/csv")
	if kind := w.Header().Get("Content-Type"); kind != "application/x-ndjson" {
		t.Errorf("it is %s", kind)
	}
}

func TestRecordsTellWhatIsWrongWithTheQuery(t *testing.T) {
	t.Parallel()
	for query, parameter := range map[string]string{
		"?outcome=broken": "outcome", "?outcome=": "outcome", "?outcome=rejected": "outcome", "?format=xml": "format", "?format=CSV": "format",
	} {
		w := ask(t, &reader{op: in(operation.Succeeded)}, recordsPath+query)
		var got struct{ Parameter string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusBadRequest || got.Parameter != parameter ||
			w.Header().Get("X-Ms-Error-Code") != "InvalidParameter" {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

func TestOnlyImportsHaveRecords(t *testing.T) {
	t.Parallel()
	op := in(operation.Succeeded)
	op.Kind = operation.Search
	if w := ask(t, &reader{op: op}, recordsPath); w.Code != http.StatusNotFound || w.Header().Get("X-Ms-Error-Code") != "NoRecords" {
		t.Errorf("the records of a search: %d %s", w.Code, w.Body)
	}
}

// A spreadsheet must not carry out what a client has sent; the record as it was received stands
// beside it.
func TestFormulasInCSVAreHarmless(t *testing.T) {
	t.Parallel()
	rejected := operation.Rejection{Row: 1, Received: []byte(`{"tool_id":"=cmd|' /C calc'!A0","tool_name":"@x","category":-1,"url":"a=1"}`)}
	rows := table(t, &reader{op: in(operation.Succeeded), rejections: []operation.Rejection{rejected}}, recordsPath+"?format=csv")
	want := []string{"'=cmd|' /C calc'!A0", "'@x", "-1", "", "", "a=1", "1", "failed", "", string(rejected.Received)}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

// A HEAD tells the headers without reading the records.
func TestAHeadOfRecords(t *testing.T) {
	t.Parallel()
	for query, kind := range map[string]string{"": "application/x-ndjson", "?format=csv": "text/csv; charset=utf-8; header=present"} {
		r := &reader{op: in(operation.Succeeded), rejections: broken}
		w := send(t, newEngine(t, r, r), http.MethodHead, recordsPath+query)
		if w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Type") != kind || r.glances != 1 {
			t.Errorf("%s: %d %v %q, %d glances", query, w.Code, w.Header(), w.Body, r.glances)
		}
	}
}
