package format_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/reporter/internal/format"
)

// open reads a workbook with another library than the one under test.
func open(t *testing.T, content []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	return book
}

func TestXLSX(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.XLSX, samples...)
	book := open(t, out)
	rows, err := book.GetRows("things")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"id", "count", "price", "sold", "tags", "sizes", "extra", "any"},
		{"a", "7", "-1.5", "TRUE", `["x","y, \"z\""]`, "[1,2]", `{"k":[1]}`, "text"},
		{"=1+1", "", "", "FALSE", "[]"},
		{"line\nbreak ü 😀 <&>", "", "3", "", "", "", "", `{"deep":null}`},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if formula, _ := book.GetCellFormula("things", "A3"); formula != "" {
		t.Errorf("formula of A3 = %q, want none", formula)
	}
	for cell, want := range map[string]excelize.CellType{"A3": excelize.CellTypeInlineString, "B2": excelize.CellTypeNumber, "D2": excelize.CellTypeBool} {
		if kind, err := book.GetCellType("things", cell); err != nil || kind != want {
			t.Errorf("type of %s = %v, %v, want %v", cell, kind, err, want)
		}
	}
}

func TestXLSXPreservesCharactersAndDigits(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"\u0001\u001f"`: "\x01\x1f", `"_x0041_"`: "_x0041_", `"a\r\nb\tc"`: "a\r\nb\tc", `" both ends "`: " both ends ",
		`9007199254740993`: "9007199254740993", `1e400`: "1e400", `1e2`: "100", `0.1`: "0.1", `1e-400`: "1e-400",
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			out, _ := write(t, report.XLSX, `{"any":`+value+`}`)
			if got, err := open(t, out).GetCellValue("things", "H2"); err != nil || got != want {
				t.Errorf("cell = %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestXLSXTruncatesLongTexts(t *testing.T) {
	t.Parallel()
	const limit = 32_767
	fits := strings.Repeat("ü", limit)
	long := strings.Repeat("😀", limit) // two units each
	out, w := write(t, report.XLSX, `{"id":"`+fits+`","any":"`+long+`"}`)
	book := open(t, out)
	if got, _ := book.GetCellValue("things", "A2"); got != fits {
		t.Errorf("text of %d bytes that fits: got %d bytes", len(fits), len(got))
	}
	got, _ := book.GetCellValue("things", "H2")
	if units := len(got) - len(strings.ReplaceAll(got, "😀", "")); units/4 > limit/2 || !strings.HasSuffix(got, "… [cut here, 32767 characters in all]") {
		t.Errorf("text that is too long: got %d bytes that end with %q, want a note at the limit", len(got), got[max(0, len(got)-50):])
	}
	if n := w.(format.Truncater).Truncated(); n != 1 {
		t.Errorf("Truncated() = %d, want 1", n)
	}
}

func TestXLSXStartsNewSheet(t *testing.T) {
	t.Parallel()
	const records, maxRows = 10, 4 // a header and three records per sheet
	var out bytes.Buffer
	w, err := format.NewXLSX(&out, thingsCollection(t), records, maxRows)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := w.Write(fmt.Appendf(nil, `{"id":"r%d"}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	book := open(t, out.Bytes())
	if diff := cmp.Diff([]string{"things", "things (2)", "things (3)", "things (4)"}, book.GetSheetList()); diff != "" {
		t.Fatalf("sheets (-want +got):\n%s", diff)
	}
	var got []string
	for _, sheet := range book.GetSheetList() {
		rows, err := book.GetRows(sheet)
		if err != nil || rows[0][0] != "id" {
			t.Fatalf("sheet %s = %v, %v, want a header", sheet, rows, err)
		}
		for _, row := range rows[1:] {
			got = append(got, row[0])
		}
	}
	if diff := cmp.Diff([]string{"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// TestXLSXIsWellFormed parses every part as XML. Excel rejects errors that other programs accept.
func TestXLSXIsWellFormed(t *testing.T) {
	t.Parallel()
	out, _ := write(t, report.XLSX, samples...)
	archive, err := zip.NewReader(bytes.NewReader(out), int64(len(out)))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range archive.File {
		content, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		dec := xml.NewDecoder(content)
		for err == nil {
			_, err = dec.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("parsing %s: %v", part.Name, err)
		}
	}
}
