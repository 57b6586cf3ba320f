package intake_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

// ledger has members for what sheets have in their cells.
const ledger = `{
	"x-longshore": {"table": "ledger", "key": ["id"]},
	"type": "object",
	"properties": {
		"id": {"type": "string"}, "amount": {"type": "number"}, "due": {"type": ["string", "null"], "format": "date"}, "at": {"type": "string"}, "paid": {"type": "boolean"},
		"note": {"type": ["string", "null"]}
	}
}`

var sheetLimits = intake.Limits{Body: 64 << 20, Record: 10_000, Records: 2_000_000, Depth: 10, Ratio: 100}

// workbookOf returns a workbook whose first sheet a function fills.
func workbookOf(t *testing.T, fill func(f *excelize.File, sheet string)) []byte {
	t.Helper()
	f := excelize.NewFile()
	fill(f, f.GetSheetName(0))
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// set sets the cells of a row.
func set(t *testing.T, f *excelize.File, sheet, first string, values ...any) {
	t.Helper()
	if err := f.SetSheetRow(sheet, first, &values); err != nil {
		t.Fatal(err)
	}
}

// format sets the number format of a cell.
func format(t *testing.T, f *excelize.File, sheet, cell, code string) {
	t.Helper()
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
	if err == nil {
		err = f.SetCellStyle(sheet, cell, cell, style)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// readArchive returns the records of a zip file and the message of the error after them.
func readArchive(t *testing.T, archive []byte, options intake.Options) (records []string, answer string) {
	t.Helper()
	c, err := collection.Parse("ledger", []byte(ledger))
	if err != nil {
		t.Fatal(err)
	}
	m, err := intake.Negotiate("", nil, options)
	if err != nil {
		t.Fatal(err)
	}
	r, err := intake.OpenArchive(bytes.NewReader(archive), int64(len(archive)), m, c, sheetLimits)
	if err != nil {
		return nil, fault.Of(err).Message
	}
	defer r.Close()
	for {
		record, err := r.Next()
		if errors.Is(err, io.EOF) {
			return records, ""
		}
		if err != nil {
			return records, fault.Of(err).Message
		}
		records = append(records, string(record))
	}
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	moment := time.Date(2026, 1, 31, 12, 30, 15, 0, time.UTC)
	for _, test := range []struct {
		name    string
		options intake.Options
		fill    func(f *excelize.File, sheet string)
		records []string
		answer  string
	}{
		{name: "numbers", fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "id", "amount")
			set(t, f, s, "A2", 1.1, 1.1)
			set(t, f, s, "A3", 123456789012345, 0.1+0.2)
			set(t, f, s, "A4", int64(9007199254740993), -1.5e-7)
			set(t, f, s, "A5", 4.9e20, 1e-300)
			set(t, f, s, "A6", 0.0, -0.5)
		}, records: []string{
			`{"id":"1.1","amount":1.1}`, `{"id":"123456789012345","amount":0.3}`, `{"id":"9007199254740993","amount":-0.00000015}`,
			`{"id":"490000000000000000000","amount":1e-300}`, `{"id":"0","amount":-0.5}`,
		}},
		{name: "texts", fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "id", "amount", "note")
			set(t, f, s, "A2", "007", "12", " a\nb ")
			set(t, f, s, "A3", "12345678901234567890", 5, "=1+1")
			set(t, f, s, "A4", "Größe €", nil, `<&"`)
		}, records: []string{
			`{"id":"007","amount":12,"note":" a\nb "}`, `{"id":"12345678901234567890","amount":5,"note":"=1+1"}`, `{"id":"Größe €","note":"<&\""}`,
		}},
		{name: "english-formats", fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "id", "amount", "due", "at", "paid")
			set(t, f, s, "A2", "a", 0.125, moment.Truncate(24*time.Hour), moment, true)
			format(t, f, s, "B2", "0.00%")
			format(t, f, s, "C2", "m/d/yyyy")
			format(t, f, s, "D2", "m/d/yyyy h:mm AM/PM")
			set(t, f, s, "A3", "b", -1234.5, 61, 0.5, false)
			format(t, f, s, "B3", `[$$-409]#,##0.00;[Red]\-[$$-409]#,##0.00`)
			format(t, f, s, "C3", "[$-409]mmmm d, yyyy;@")
			format(t, f, s, "D3", "h:mm:ss")
		}, records: []string{
			`{"id":"a","amount":0.125,"due":"2026-01-31","at":"2026-01-31T12:30:15","paid":true}`,
			`{"id":"b","amount":-1234.5,"due":"1900-03-01","at":"12:00:00","paid":false}`,
		}},
		{name: "german-formats", fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "id", "amount", "due", "at", "note")
			set(t, f, s, "A2", "a", 1234.56, 46053, 46053.75, 1.5)
			format(t, f, s, "B2", `#,##0.00\ "€";[Red]\-#,##0.00\ "€"`)
			format(t, f, s, "C2", `[$-407]dd/\ mmmm\ yyyy`)
			format(t, f, s, "D2", `dd.mm.yyyy\ hh:mm:ss" Uhr"`)
			format(t, f, s, "E2", "[hh]:mm:ss")
			set(t, f, s, "A3", 1067, 19, 46053.25)
			format(t, f, s, "A3", "00000")
			format(t, f, s, "B3", `0" %"`)
			format(t, f, s, "C3", "TT.MM.YYYY")
		}, records: []string{
			`{"id":"a","amount":1234.56,"due":"2026-01-31","at":"2026-01-31T18:00:00","note":"36:00:00"}`,
			`{"id":"1067","amount":19,"due":"2026-01-31T06:00:00"}`,
		}},
		{name: "base-1904", fill: func(f *excelize.File, s string) {
			yes := true
			if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}); err != nil {
				t.Fatal(err)
			}
			set(t, f, s, "A1", "id", "due")
			set(t, f, s, "A2", "a", 0.0)
			format(t, f, s, "B2", "yyyy-mm-dd")
		}, records: []string{`{"id":"a","due":"1904-01-01"}`}},
		{name: "no-such-day", fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "id", "due")
			set(t, f, s, "A2", "a", 60)
			format(t, f, s, "B2", "yyyy-mm-dd")
			set(t, f, s, "A3", "b", -1)
			format(t, f, s, "B3", "yyyy-mm-dd")
		}, records: []string{
			`["longshore:refused",{"pointer":"/due","code":"cell-error","message":"the cell B2 has the day 60 of 1900, which the calendar has not"},{"id":"a"}]`,
			`["longshore:refused",{"pointer":"/due","code":"cell-error","message":"the cell B3 has the date -1, which is outside of the calendar"},{"id":"b"}]`,
		}},
		{name: "formulas", fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "id", "amount", "note")
			set(t, f, s, "A2", "a", 3, "x")
			if err := errors.Join(f.SetCellFormula(s, "B2", "1+2"), f.SetCellFormula(s, "C3", "A1")); err != nil {
				t.Fatal(err)
			}
			set(t, f, s, "A4", "b")
		}, records: []string{
			`{"id":"a","amount":3,"note":"x"}`,
			`["longshore:refused",{"pointer":"/note","code":"cell-error","message":"the cell C3 has a formula without a stored result; open the workbook in a program that computes it and save it"},{}]`,
			`{"id":"b"}`,
		}},
		{name: "rows", fill: func(f *excelize.File, s string) {
			set(t, f, s, "B3", "id", "note", nil, "amount")
			set(t, f, s, "B5", "a", "x")
			set(t, f, s, "B7", "b", nil, nil, 7)
			set(t, f, s, "B9", "c", nil, nil, 7, "more")
			set(t, f, s, "B10", "d", nil, "nameless")
		}, records: []string{
			`{"id":"a","note":"x"}`, `{"id":"b","amount":7}`,
			`["longshore:refused",{"pointer":"","code":"too-many-cells","message":"has 6 cells, but the header row has 5 columns (row 9)"},["","c","","","7","more"]]`,
		}, answer: "The header row cannot be used. Column 4 has no name, but a value in row 10: \"nameless\"." + needsNames},
		{name: "empty-cells-null", options: intake.Options{EmptyCells: intake.EmptyNull}, fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "id", "due", "note")
			set(t, f, s, "A2", "a")
		}, records: []string{`{"id":"a","due":null,"note":null}`}},
		{name: "header-row", options: intake.Options{HeaderRow: 3}, fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "Report")
			set(t, f, s, "A3", "id")
			set(t, f, s, "A4", "a")
		}, records: []string{`{"id":"a"}`}},
		{name: "header-row-blank", options: intake.Options{HeaderRow: 2}, fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "Report")
			set(t, f, s, "A3", "id")
		}, answer: "The header row cannot be used. Row 2 of the sheet is blank." + needsNames},
		{name: "sheet-by-name", options: intake.Options{Sheet: "Zwei & mehr"}, fill: func(f *excelize.File, s string) {
			addSheet(t, f, "Zwei & mehr")
			set(t, f, "Zwei & mehr", "A1", "id")
			set(t, f, "Zwei & mehr", "A2", "a")
			set(t, f, s, "A1", "other")
		}, records: []string{`{"id":"a"}`}},
		{name: "sheet-by-number", options: intake.Options{Sheet: "2"}, fill: func(f *excelize.File, _ string) {
			addSheet(t, f, "Zwei")
			set(t, f, "Zwei", "A1", "id")
			set(t, f, "Zwei", "A2", "a")
		}, records: []string{`{"id":"a"}`}},
		{name: "no-such-sheet", options: intake.Options{Sheet: "Drei"}, fill: func(f *excelize.File, _ string) {
			addSheet(t, f, "Zwei")
		}, answer: `The workbook cannot be read: it has no sheet "Drei", only "Sheet1", "Zwei". Nothing was imported.`},
		{name: "empty", fill: func(*excelize.File, string) {}, answer: "The body is empty. Send the records to import."},
		{name: "header-only", fill: func(f *excelize.File, s string) { set(t, f, s, "A1", "id") }, answer: "The body holds no records. Send at least one."},
		{name: "same-names", fill: func(f *excelize.File, s string) {
			set(t, f, s, "A1", "id", "note", "id")
		}, answer: `The header row cannot be used. Columns 1 and 3 have the same name, "id".` + needsNames},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			records, answer := readArchive(t, workbookOf(t, test.fill), test.options)
			if diff := cmp.Diff(test.records, records); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			if answer != test.answer {
				t.Errorf("answer\n got %q\nwant %q", answer, test.answer)
			}
		})
	}
}

func addSheet(t *testing.T, f *excelize.File, name string) {
	t.Helper()
	if _, err := f.NewSheet(name); err != nil {
		t.Fatal(err)
	}
}

// zipOf returns a zip file; names and contents alternate.
func zipOf(tb testing.TB, files ...string) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		entry, err := w.Create(files[i])
		if err == nil {
			_, err = io.WriteString(entry, files[i+1])
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// sheetOf returns a workbook as other programs write it, with the given sheet and shared texts.
func sheetOf(t *testing.T, sheet, texts string) []byte {
	t.Helper()
	return zipOf(t, "[Content_Types].xml", "<Types/>",
		"xl/workbook.xml", `<x:workbook xmlns:x="m" xmlns:r="r"><x:sheets><x:sheet name="S" sheetId="1" r:id="rId1"/></x:sheets></x:workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="/xl/s.xml"/></Relationships>`,
		"xl/s.xml", `<x:worksheet xmlns:x="m"><x:sheetData>`+sheet+`</x:sheetData></x:worksheet>`, "xl/sharedStrings.xml", `<sst>`+texts+`</sst>`)
}

func TestArchive(t *testing.T) {
	t.Parallel()
	const head = `<x:row><x:c t="inlineStr"><x:is><x:t>id</x:t></x:is></x:c><x:c t="s"><x:v>0</x:v></x:c></x:row>`
	const texts = `<si><t>note</t></si><si><r><t>a_x000D_</t></r><r><t>_x005F_x000D_b</t></r><rPh><t>c</t></rPh></si>`
	broken := workbookOf(t, func(f *excelize.File, s string) { set(t, f, s, "A1", "id") })
	for _, test := range []struct {
		name    string
		archive []byte
		records []string
		answer  string
	}{
		{name: "one-file", archive: zipOf(t, "__MACOSX/x", "y", "folder/", "", "folder/t.csv", "id;note\na;x\n"), records: []string{`{"id":"a","note":"x"}`}},
		{name: "one-file-of-lines", archive: zipOf(t, "t.jsonl", "{\"id\":\"a\"}\n"), records: []string{`{"id":"a"}`}},
		{name: "one-unnamed-file", archive: zipOf(t, "t", "id,note\na,x\n"), records: []string{`{"id":"a","note":"x"}`}},
		{
			name: "two-files", archive: zipOf(t, "a.csv", "id\n1\n", "b.csv", "id\n2\n"),
			answer: `The zip file has 2 files, and must have one: "a.csv", "b.csv". Send each in a request of its own.`,
		},
		{name: "no-files", archive: zipOf(t), answer: "The zip file has 0 files, and must have one. Send each in a request of its own."},
		{
			name: "bomb", archive: zipOf(t, "t.csv", "id\n"+strings.Repeat("0\n", 5<<20)), records: nil,
			answer: "A file in the zip file or workbook unpacks to more than 100 times its size. Send it as CSV.",
		},
		{
			name: "cut-off", archive: broken[:len(broken)-100],
			answer: "The body is a zip file or a workbook that is cut off or damaged. Nothing was imported; send it again.",
		},
		{
			name: "document", archive: zipOf(t, "[Content_Types].xml", "<Types/>", "word/document.xml", "<x/>"),
			answer: "The workbook cannot be read: it is a file of Office, but no workbook. Nothing was imported.",
		},
		{
			name: "binary-workbook", archive: zipOf(t, "[Content_Types].xml", "<Types/>", "xl/workbook.bin", "x"),
			answer: "The workbook cannot be read: it is a binary workbook (.xlsb); save it as .xlsx or as CSV. Nothing was imported.",
		},
		{name: "runs-and-escapes", archive: sheetOf(t, head+`<x:row><x:c t="s"><x:v>1</x:v></x:c></x:row>`, texts), records: []string{`{"id":"a\r_x000D_b"}`}},
		{
			name: "error-cell", archive: sheetOf(t, head+`<x:row r="7"><x:c r="A7" t="str"><x:v>a</x:v></x:c><x:c r="B7" t="e"><x:f>1/0</x:f><x:v>#DIV/0!</x:v></x:c></x:row>`, texts),
			records: []string{`["longshore:refused",{"pointer":"/note","code":"cell-error","message":"the cell B7 has the error #DIV/0!"},{"id":"a","note":"#DIV/0!"}]`},
		},
		{
			name: "no-such-text", archive: sheetOf(t, head+`<x:row><x:c t="s"><x:v>9</x:v></x:c></x:row>`, texts),
			answer: "The workbook cannot be read: a cell names the shared text 9, and there are 2. Nothing was imported.",
		},
		{
			name: "damaged-sheet", archive: sheetOf(t, head+"\n<x:row><x:c", texts),
			answer: "The workbook cannot be read: its part xl/s.xml is damaged at line 2: expected attribute name in element. Nothing was imported.",
		},
		{
			name: "cell-out-of-order", archive: sheetOf(t, head+`<x:row><x:c r="B2"/><x:c r="A2"/></x:row>`, texts),
			answer: `The workbook cannot be read: the cell "A2" is out of order, or outside of a sheet. Nothing was imported.`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			records, answer := readArchive(t, test.archive, intake.Options{})
			if test.name == "bomb" {
				records = nil
			}
			if diff := cmp.Diff(test.records, records); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			if answer != test.answer {
				t.Errorf("answer\n got %q\nwant %q", answer, test.answer)
			}
		})
	}
}
