package intake_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

// sheetRows is how many rows the sheet of TestSheetMemory has.
const sheetRows = 100_000

// TestSheetMemory checks that memory does not grow with the rows of a workbook, whose texts are all different. It does
// not run in parallel with other tests, because allocations are counted for the whole process.
func TestSheetMemory(t *testing.T) {
	file := largeWorkbook(t, sheetRows)
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	c, err := collection.Parse("ledger", []byte(ledger))
	if err != nil {
		t.Fatal(err)
	}
	limits := sheetLimits
	limits.Body = 16 << 30
	start := memory().HeapAlloc
	r, err := intake.OpenArchive(file, size, intake.Media{}, c, limits)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var live uint64
	rows := 0
	for ; err == nil; rows++ {
		if _, err = r.Next(); rows == sheetRows-2 {
			live = memory().HeapAlloc
		}
	}
	if !errors.Is(err, io.EOF) || rows-1 != sheetRows {
		t.Errorf("read %d rows and %v, want %d and io.EOF", rows-1, err, sheetRows)
	}
	// The compressed texts, and the blocks of them that are in use.
	if limit := start + sheetRows*20 + 4<<20; live > limit {
		t.Errorf("heap after %d rows = %d bytes, want at most %d; it was %d at the start", sheetRows, live, limit, start)
	}
	t.Logf("%d rows in %d bytes: heap of %d bytes at the start and %d at the end", sheetRows, size, start, live)
}

// largeWorkbook writes a workbook with rows of a text, a number, a date and another text.
func largeWorkbook(t *testing.T, rows int) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "large.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	archive := zip.NewWriter(file)
	part := func(name string, write func(w io.Writer)) {
		entry, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(entry)
		write(w)
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	text := func(text string) func(io.Writer) {
		return func(w io.Writer) { _, _ = io.WriteString(w, text) } // Flush returns the error
	}
	part("[Content_Types].xml", text("<Types/>"))
	part("xl/workbook.xml", text(`<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>`))
	part("xl/_rels/workbook.xml.rels", text(`<Relationships><Relationship Id="a" Type="http://x/worksheet" Target="s.xml"/></Relationships>`))
	part("xl/styles.xml", text(`<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`))
	part("xl/sharedStrings.xml", func(w io.Writer) {
		_, _ = io.WriteString(w, "<sst><si><t>id</t></si><si><t>amount</t></si><si><t>due</t></si><si><t>note</t></si>")
		for i := range rows {
			_, _ = fmt.Fprintf(w, "<si><t>ID-%08d</t></si><si><t>Note number %d about something</t></si>", i, i*7919%rows)
		}
		_, _ = io.WriteString(w, "</sst>")
	})
	part("xl/s.xml", func(w io.Writer) {
		_, _ = io.WriteString(w, `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c></row>`)
		for i := range rows {
			n := i + 2
			_, _ = fmt.Fprintf(w, `<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d"><v>%d.25</v></c><c r="C%d" s="1"><v>%d</v></c><c r="D%d" t="s"><v>%d</v></c></row>`,
				n, n, 2*i+4, n, i, n, 40000+i%6000, n, 2*i+5)
		}
		_, _ = io.WriteString(w, "</sheetData></worksheet>")
	})
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// FuzzSheet reads the parts of a workbook. Whatever they hold, the answer is records or a fault of the client.
func FuzzSheet(f *testing.F) {
	const head = `<row><c t="inlineStr"><is><t>id</t></is></c><c t="s"><v>0</v></c></row>`
	for _, seed := range [][3]string{
		{head + `<row r="3"><c r="A3"><v>1.5</v></c><c r="B3" t="e"><v>#N/A</v></c></row>`, `<si><t>note</t></si>`, `<cellXfs><xf numFmtId="14"/></cellXfs>`},
		{head + `<row><c s="0"><v>60</v></c></row>`, `<si><r><t>no</t></r><r><t>te_x0009_</t></r><rPh><t>x</t></rPh></si>`, `<numFmt numFmtId="164" formatCode="[h]:mm"/><cellXfs><xf numFmtId="164"/></cellXfs>`},
		{`<row r="1"><c r="ZZZ1"/></row>`, "", `<numFmt formatCode="&quot;`},
		{`<row><c t="b"><v>1</v></c></row><row><c t="str"><f>x</f></c></row>`, `<si/>`, ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	c, err := collection.Parse("ledger", []byte(ledger))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sheet, texts, styles string) {
		archive := zipOf(t, "[Content_Types].xml", "<Types/>",
			"xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="a" Type="x/worksheet" Target="s.xml"/></Relationships>`,
			"xl/styles.xml", "<styleSheet>"+styles+"</styleSheet>", "xl/sharedStrings.xml", "<sst>"+texts+"</sst>",
			"xl/s.xml", "<worksheet><sheetData>"+sheet+"</sheetData></worksheet>")
		checkArchive(t, archive, c)
	})
}

// FuzzArchive reads zip files.
func FuzzArchive(f *testing.F) {
	c, err := collection.Parse("ledger", []byte(ledger))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"t.csv", "[Content_Types].xml", "xl/workbook.xml"} {
		f.Add(zipOf(f, name, "id\n1\n"))
	}
	f.Fuzz(func(t *testing.T, archive []byte) { checkArchive(t, archive, c) })
}

// checkArchive reads a zip file and checks that the error, if there is one, is a fault of the client.
func checkArchive(t *testing.T, archive []byte, c *collection.Collection) {
	t.Helper()
	limits := sheetLimits
	limits.Body = 1 << 20
	r, err := intake.OpenArchive(bytes.NewReader(archive), int64(len(archive)), intake.Media{}, c, limits)
	if err == nil {
		defer r.Close()
	}
	for err == nil {
		var record []byte
		if record, err = r.Next(); err == nil && utf8.Valid(record) && !json.Valid(record) {
			t.Fatalf("record %q is not JSON", record)
		}
	}
	if errors.Is(err, io.EOF) {
		return
	}
	switch kind := fault.Of(err).Kind; kind {
	case fault.Malformed, fault.Invalid, fault.TooLarge, fault.UnsupportedMedia:
	default:
		t.Fatalf("error = %v, want a fault of the client", err)
	}
}
