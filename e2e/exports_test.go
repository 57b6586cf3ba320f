package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/thirdparty"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestExportsReadByOtherPrograms lets readers of other programs open exports, and holds what they read against the table.
func TestExportsReadByOtherPrograms(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Collections: collectionFolder(t, "alltypes", allTypesFile), Tables: allTypesTable})
	s.WaitFor(s.Submit("alltypes", client.RequestBody{Type: "application/x-ndjson", Content: allTypesBody()}), "Succeeded")
	want := readAllTypes(t, s)
	if len(want) != allTypesCount {
		t.Fatalf("the table holds %d records", len(want))
	}
	for format, read := range map[string]func(cell any, column string) string{
		"csv": csvCell, "xlsx": plainCell, "parquet": plainCell,
	} {
		t.Run(format, func(t *testing.T) {
			s := s.WithTB(t)
			file := fetchReport(t, s, map[string]string{"report": "records", "collection": "alltypes", "format": format})
			rows := readRows(t, format, file)
			if diff := cmp.Diff(allTypesColumns, columnsOf(rows[0])); diff != "" {
				t.Fatalf("the columns (- as the collection has them, + as read):\n%s", diff)
			}
			expectRows(t, format, maps.Clone(want), rows[1:], read)
		})
	}
}

// expectRows compares cell by cell: the reader's, and what the format makes of the table's. Records have no promised order.
func expectRows(t *testing.T, format string, want map[string]typedRecord, rows [][]any, read func(any, string) string) {
	t.Helper()
	if len(rows) != len(want) {
		t.Fatalf("the file holds %d records, and the table %d", len(rows), len(want))
	}
	wrong := 0
	for _, row := range rows {
		code, _ := row[0].(string)
		w, known := want[code]
		if !known {
			t.Fatalf("the file holds %v, which the table does not, or twice", row)
		}
		delete(want, code)
		for i, column := range allTypesColumns {
			got, should := read(row[i], column), w.cell(format, column)
			if got == should {
				continue
			}
			wrong++
			if wrong <= 10 {
				t.Errorf("%s of %s is %q, not %q", column, code, got, should)
			}
		}
	}
	if wrong > 10 {
		t.Errorf("and so on: %d cells differ", wrong)
	}
}

// csvCell reads a cell of CSV, where everything is a text.
func csvCell(cell any, column string) string {
	text, _ := cell.(string)
	switch column {
	case "amount", "count":
		return canonicalNumber(text)
	case "tags", "origin":
		return canonicalJSON(text)
	default:
		return text
	}
}

// plainCell reads a cell of a format with types.
func plainCell(cell any, column string) string {
	switch value := cell.(type) {
	case nil:
		return ""
	case json.Number:
		return canonicalNumber(value.String())
	case string:
		if column == "amount" || column == "count" {
			return canonicalNumber(value) // too many digits for a cell, or an integer of 64 bits
		}
		if column == "tags" || column == "origin" {
			return canonicalJSON(value)
		}
		return value
	case bool:
		return strconv.FormatBool(value)
	default:
		return toJSON(value)
	}
}

// exact writes a number in one way, whatever way it was written in, without losing a digit.
func canonicalNumber(number string) string {
	if number == "" {
		return ""
	}
	n, ok := new(big.Rat).SetString(number)
	if !ok {
		return "no number: " + number
	}
	return n.RatString()
}

func canonicalDouble(number string) string {
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return "no number: " + number
	}
	return canonicalNumber(strconv.FormatFloat(n, 'g', -1, 64))
}

func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// canonical writes JSON without blanks and with sorted members.
func canonicalJSON(text string) string {
	if text == "" {
		return ""
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return "no JSON: " + text
	}
	return toJSON(value)
}

// readRows lets a reader of npm open a file.
func readRows(t *testing.T, format, file string) [][]any {
	t.Helper()
	script := thirdparty.Start(t, "read.mjs", map[string]string{"format": format, "file": file})
	var rows [][]any
	for {
		var line struct{ Row cells }
		found, err := script.Next(&line)
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			break
		}
		rows = append(rows, line.Row)
	}
	if len(rows) == 0 {
		t.Fatalf("%s holds not even the names of its columns", file)
	}
	return rows
}

// cells are a row whose numbers keep their digits.
type cells []any

// UnmarshalJSON reads them.
func (c *cells) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	return dec.Decode((*[]any)(c))
}

func columnsOf(header []any) []string {
	var names []string
	for _, name := range header {
		names = append(names, fmt.Sprint(name))
	}
	return names
}

// TestReportPDFReadByPdftotext lets pdftotext read the report of an import: what it counted and why it rejected.
func TestReportPDFReadByPdftotext(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	bad := []tool.Tool{{ID: "BAD1", Name: "No category"}, {ID: "BAD2", Name: "Bad address", Category: "Finance", URL: "not a url"}}
	op := s.SubmitJSON(tool.JSON(append(numberedTools(123), bad...)...))
	s.WaitFor(op, "Succeeded")
	reasons := s.Records(op, "failed")
	file := fetchReport(t, s, map[string]string{"report": "import", "operation": op.ID, "format": "pdf"})
	text := strings.Join(strings.Fields(string(thirdparty.Run(t, nil, "pdftotext", "-layout", "-enc", "UTF-8", file, "-"))), " ")
	for _, want := range []string{op.ID, "Collection tools", "Created 123 ", "Failed 2 ", "Total 125 "} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not tell %q:\n%s", want, text)
		}
	}
	for _, r := range reasons {
		for _, reason := range r.Reasons {
			if !strings.Contains(text, reason.Code) {
				t.Errorf("the report does not tell %q, a reason of row %d:\n%s", reason.Code, r.Row, text)
			}
		}
	}
}

// fetchReport asks for a report, waits for it as seed 004 says, and returns the path of the file.
func fetchReport(t *testing.T, s *stack.Stack, request map[string]string) string {
	t.Helper()
	body := client.RequestBody{Type: "application/json", Content: []byte(toJSON(request))}
	accepted, err := s.Client().Do(t.Context(), http.MethodPost, "/start-report", body)
	if err != nil {
		t.Fatal(err)
	}
	if accepted.Status != http.StatusAccepted {
		t.Fatalf("POST /start-report: status %d: %s", accepted.Status, accepted.Body)
	}
	var status struct {
		Status string `json:"status"`
		Link   string `json:"download_link"`
	}
	await.Until(t, exportTimeout, "the report", func() bool {
		resp := mustDo(t, s, http.MethodGet, accepted.Header.Get("Location"), http.StatusOK)
		if err := json.Unmarshal(resp.Body, &status); err != nil {
			t.Fatalf("reading %s: %v", resp.Body, err)
		}
		return status.Status != "in_progress"
	})
	if status.Status != "completed" {
		t.Fatalf("the report ended as %+v", status)
	}
	file := filepath.Join(t.TempDir(), filepath.Base(status.Link))
	if err := os.WriteFile(file, mustDo(t, s, http.MethodGet, status.Link, http.StatusOK).Body, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// exportTimeout bounds the making of a report.
const exportTimeout = 30 * time.Second
