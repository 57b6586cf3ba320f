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
)

// TestExportsReadByOtherPrograms exports a collection, reads the files with third-party readers and
// compares every cell with the table.
func TestExportsReadByOtherPrograms(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Collections: collectionFolder(t, "alltypes", allTypesFile), Tables: allTypesTable})
	s.WaitFor(s.Submit("alltypes", client.RequestBody{Type: "application/x-ndjson", Content: allTypesBody()}), "Succeeded")
	want := readAllTypes(t, s)
	if len(want) != allTypesCount {
		t.Fatalf("table has %d records, want %d", len(want), allTypesCount)
	}
	for format, read := range map[string]func(cell any, column string) string{
		"csv": csvCell, "xlsx": plainCell, "parquet": plainCell,
	} {
		t.Run(format, func(t *testing.T) {
			s := s.WithTB(t)
			file := fetchReport(t, s, map[string]string{"report": "records", "collection": "alltypes", "format": format})
			rows := readRows(t, format, file)
			if diff := cmp.Diff(allTypesColumns, columnsOf(rows[0])); diff != "" {
				t.Fatalf("columns (-want +got):\n%s", diff)
			}
			expectRows(t, format, maps.Clone(want), rows[1:], read)
		})
	}
}

// expectRows compares the cells of a file, read by a third party, with the table's values as the
// format writes them. The order of records is not defined.
func expectRows(t *testing.T, format string, want map[string]typedRecord, rows [][]any, read func(any, string) string) {
	t.Helper()
	if len(rows) != len(want) {
		t.Fatalf("file has %d records, want %d", len(rows), len(want))
	}
	wrong := 0
	for _, row := range rows {
		code, _ := row[0].(string)
		w, known := want[code]
		if !known {
			t.Fatalf("file has the record %v, which is not in the table or a duplicate", row)
		}
		delete(want, code)
		for i, column := range allTypesColumns {
			got, should := read(row[i], column), w.cell(format, column)
			if got == should {
				continue
			}
			wrong++
			if wrong <= 10 {
				t.Errorf("%s of %s is %q, want %q", column, code, got, should)
			}
		}
	}
	if wrong > 10 {
		t.Errorf("%d cells differ, of which 10 are shown", wrong)
	}
}

// csvCell normalizes a CSV cell, which is always text, for the comparison.
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

// plainCell normalizes a cell of a format with types for the comparison.
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

// canonicalNumber writes a number in one form, without losing a digit.
func canonicalNumber(number string) string {
	if number == "" {
		return ""
	}
	n, ok := new(big.Rat).SetString(number)
	if !ok {
		return "not a number: " + number
	}
	return n.RatString()
}

func canonicalDouble(number string) string {
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return "not a number: " + number
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

// canonicalJSON writes JSON without white space and with sorted members.
func canonicalJSON(text string) string {
	if text == "" {
		return ""
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return "not JSON: " + text
	}
	return toJSON(value)
}

// readRows reads a file with a reader from npm.
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
		t.Fatalf("%s has no rows, want a header", file)
	}
	return rows
}

// cells is a row whose numbers keep all their digits.
type cells []any

// UnmarshalJSON decodes an array with json.Number.
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

// fetchReport starts a report, polls its status (seed 004), and returns the path of the downloaded
// file.
func fetchReport(t *testing.T, s *stack.Stack, request map[string]string) string {
	t.Helper()
	body := client.RequestBody{Type: "application/json", Content: []byte(toJSON(request))}
	accepted, err := s.Client().Do(t.Context(), http.MethodPost, "/start-report", body)
	if err != nil {
		t.Fatal(err)
	}
	if accepted.Status != http.StatusAccepted {
		t.Fatalf("POST /start-report: status %d, want 202: %s", accepted.Status, accepted.Body)
	}
	var status struct {
		Status string `json:"status"`
		Link   string `json:"download_link"`
	}
	await.Until(t, exportTimeout, "the report to be finished", func() bool {
		resp := mustDo(t, s, http.MethodGet, accepted.Header.Get("Location"), http.StatusOK)
		if err := json.Unmarshal(resp.Body, &status); err != nil {
			t.Fatalf("reading %s: %v", resp.Body, err)
		}
		return status.Status != "in_progress"
	})
	if status.Status != "completed" {
		t.Fatalf("report status is %+v, want completed", status)
	}
	file := filepath.Join(t.TempDir(), filepath.Base(status.Link))
	if err := os.WriteFile(file, mustDo(t, s, http.MethodGet, status.Link, http.StatusOK).Body, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// exportTimeout bounds the time to build a report.
const exportTimeout = 30 * time.Second
