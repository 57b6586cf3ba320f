package azure_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

const recordsPath = "/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records"

// rejections are rejected records of every form: an object with an undeclared member, one that is
// not an object, one that is not UTF-8, one with a duplicate member.
var rejections = []operation.Rejection{
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

func fakeWithRejections() *fake {
	return &fake{op: newOperation(operation.Succeeded), rejections: rejections}
}

func TestRecordsAsNDJSON(t *testing.T) {
	t.Parallel()
	w := fakeWithRejections().get(t, recordsPath)
	edgetest.CheckHeader(t, w, "Content-Type", "application/x-ndjson")
	edgetest.CheckBody(t, w, strings.Join([]string{
		`{"row":2,"outcome":"failed","record":{"tool_id":"A","tool_name":"<a>, \"b\"","features":["x","y"],"url":null,"colour":"blue"},` +
			`"reasons":[{"pointer":"/colour","code":"unknown-member","message":"member \"colour\" is not declared; <see> docs"},` +
			`{"pointer":"/category","code":"required","message":"is missing; it is required"}]}`,
		`{"row":3,"outcome":"failed","record":[1,"two"],"reasons":[{"pointer":"","code":"not-an-object","message":"must be an object"}]}`,
		"{\"row\":5,\"outcome\":\"failed\",\"record\":{\"tool_id\":\"\uFFFD\"},\"receivedBase64\":\"eyJ0b29sX2lkIjoi/yJ9\"," +
			`"reasons":[{"pointer":"/tool_id","code":"invalid-utf8","message":"no UTF-8"}]}`,
		`{"row":9,"outcome":"failed","record":{"tool_id":"B","tool_id":"C"},"reasons":[{"pointer":"/tool_id","code":"duplicate-member","message":"twice"}]}`,
	}, "\n"))

	t.Run("created", func(t *testing.T) {
		t.Parallel()
		f := &fake{op: newOperation(operation.Succeeded), records: []string{`{"tool_id":"A"}`}}
		edgetest.CheckBody(t, f.get(t, recordsPath+"?outcome=created"), `{"row":1,"outcome":"created","record":{"tool_id":"A"}}`)
	})
}

// readCSV parses a response.
func readCSV(t *testing.T, w *httptest.ResponseRecorder) [][]string {
	t.Helper()
	edgetest.CheckStatus(t, w, http.StatusOK)
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/csv") {
		t.Errorf("Content-Type = %q, want text/csv", got)
	}
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

var csvHeader = []string{
	"tool_id", "tool_name", "category", "description", "features", "url",
	"longshore_row", "longshore_outcome", "longshore_reasons", "longshore_received",
}

// Nothing is lost in CSV: reasons are JSON, and the record is there as it was received.
func TestRecordsAsCSV(t *testing.T) {
	t.Parallel()
	rows := readCSV(t, fakeWithRejections().get(t, recordsPath+"?format=csv"))
	want := [][]string{
		{"A", `<a>, "b"`, "", "", `["x","y"]`, "", "2", "failed"},
		{"", "", "", "", "", "", "3", "failed"},
		{"\uFFFD", "", "", "", "", "", "5", "failed"},
		{"C", "", "", "", "", "", "9", "failed"},
	}
	if diff := cmp.Diff(csvHeader, rows[0]); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	for n, row := range rows[1:] {
		t.Run(fmt.Sprintf("row %d", n), func(t *testing.T) {
			if diff := cmp.Diff(want[n], row[:8]); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			var reasons []operation.Reason
			if err := json.Unmarshal([]byte(row[8]), &reasons); err != nil {
				t.Errorf("reasons = %s: %v", row[8], err)
			}
			if diff := cmp.Diff(rejections[n].Reasons, reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			if want := strings.ToValidUTF8(string(rejections[n].Received), "\uFFFD"); row[9] != want {
				t.Errorf("received = %s, want %s", row[9], want)
			}
		})
	}
	if !strings.Contains(rows[1][8], "<see>") {
		t.Errorf("reasons = %s, want no HTML escapes", rows[1][8])
	}
}

func TestRecordsAsCSVByAccept(t *testing.T) {
	t.Parallel()
	f := &fake{op: newOperation(operation.Running), records: []string{`{"tool_id":"A"}`}}
	rows := readCSV(t, f.get(t, recordsPath+"?outcome=unprocessed", "Accept", "text/csv"))
	want := [][]string{csvHeader, {"A", "", "", "", "", "", "1", "unprocessed", "", `{"tool_id":"A"}`}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestRecordsAsCSVEscapesFormulas(t *testing.T) {
	t.Parallel()
	rejected := operation.Rejection{Row: 1, Received: []byte(`{"tool_id":"=cmd|' /C calc'!A0","tool_name":"@x","category":-1,"url":"a=1"}`)}
	f := &fake{op: newOperation(operation.Succeeded), rejections: []operation.Rejection{rejected}}
	rows := readCSV(t, f.get(t, recordsPath+"?format=csv"))
	want := []string{"'=cmd|' /C calc'!A0", "'@x", "-1", "", "", "a=1", "1", "failed", "", string(rejected.Received)}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

func TestRecordsFormatOverridesAccept(t *testing.T) {
	t.Parallel()
	w := (&fake{op: newOperation(operation.Running)}).get(t, recordsPath+"?format=ndjson", "Accept", "text/csv")
	edgetest.CheckHeader(t, w, "Content-Type", "application/x-ndjson")
}

func TestRecordsRejectsInvalidQuery(t *testing.T) {
	t.Parallel()
	for query, parameter := range map[string]string{
		"?outcome=broken": "outcome", "?outcome=": "outcome", "?outcome=rejected": "outcome", "?format=xml": "format", "?format=CSV": "format",
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			w := (&fake{op: newOperation(operation.Succeeded)}).get(t, recordsPath+query)
			edgetest.CheckProblem(t, w, http.StatusBadRequest, "InvalidParameter")
			if got := edgetest.Decode[struct{ Parameter string }](t, w).Parameter; got != parameter {
				t.Errorf("parameter = %q, want %q", got, parameter)
			}
		})
	}
}

func TestRecordsOfSearch(t *testing.T) {
	t.Parallel()
	op := newOperation(operation.Succeeded)
	op.Kind = operation.Search
	edgetest.CheckProblem(t, (&fake{op: op}).get(t, recordsPath), http.StatusNotFound, "NoRecords")
}

// A HEAD returns the headers without reading the records.
func TestRecordsHead(t *testing.T) {
	t.Parallel()
	for query, contentType := range map[string]string{"": "application/x-ndjson", "?format=csv": "text/csv; charset=utf-8; header=present"} {
		t.Run("query "+query, func(t *testing.T) {
			t.Parallel()
			f := fakeWithRejections()
			w := f.head(t, recordsPath+query)
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckBody(t, w, "")
			edgetest.CheckHeader(t, w, "Content-Type", contentType)
			if f.peeks != 1 {
				t.Errorf("peeks = %d, want 1", f.peeks)
			}
		})
	}
}
