package document_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/services/reporter/internal/document"
)

// sample returns a document with every part, and with texts that are difficult for a format.
func sample(rows int) document.Document {
	table := &document.Table{Columns: []document.Column{{Title: "Reason", Width: 1}, {Title: "How many", Width: 1, Number: true}, {Title: "Record", Width: 3}}}
	for i := range rows {
		table.Rows = append(table.Rows, []string{fmt.Sprintf("reason-%d", i), "1,000", `{"name":"<script>alert(1)</script> Ελλάδα Москва Ångström 日本語 😀 \u0001` + "\x01\xff" + `"}`})
	}
	return document.Document{
		Title: "Import 555 & more",
		AsOf:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Sections: []document.Section{
			{Title: "Facts", Facts: []document.Fact{{Name: "State", Value: "Succeeded"}, {Name: "Long", Value: strings.Repeat("x", 5000)}}},
			{Title: "Table", Table: table, Note: "A note."},
			{Title: "Nothing"},
		},
	}
}

func write(t *testing.T, d document.Document, f report.Format) string {
	t.Helper()
	var out bytes.Buffer
	if err := d.Write(&out, f); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWriteHTMLEscapesAndLoadsNothing(t *testing.T) {
	t.Parallel()
	page := write(t, sample(2), report.HTML)
	for _, want := range []string{
		"<title>Import 555 &amp; more</title>", "&lt;script&gt;alert(1)&lt;/script&gt;", "2026-01-02 03:04:05 UTC", "Ελλάδα Москва", "A note.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	for _, unwanted := range []string{"<script", "http://", "https://", "src=", "href=", "@import", "url("} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page contains %q", unwanted)
		}
	}
}

func TestWritePDF(t *testing.T) {
	t.Parallel()
	file := write(t, sample(200), report.PDF)
	if !strings.HasPrefix(file, "%PDF-1.") || !strings.HasSuffix(file, "%%EOF\n") {
		t.Errorf("the file begins with %q and ends with %q", file[:8], file[len(file)-8:])
	}
	if pages := strings.Count(file, "/Type /Page\n"); pages < 5 {
		t.Errorf("pages of 200 rows = %d, want at least 5", pages)
	}
	if again := write(t, sample(200), report.PDF); again != file {
		t.Error("the same document resulted in another file")
	}
}

func TestWriteEmptyDocument(t *testing.T) {
	t.Parallel()
	for _, f := range []report.Format{report.PDF, report.HTML} {
		if write(t, document.Document{Title: "Nothing"}, f) == "" {
			t.Errorf("Write(%s) wrote nothing", f)
		}
	}
}

func TestWriteRejectsOtherFormats(t *testing.T) {
	t.Parallel()
	if err := (document.Document{}).Write(&bytes.Buffer{}, report.CSV); err == nil {
		t.Error("Write(csv) = nil, want an error")
	}
}
