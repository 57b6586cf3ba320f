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

// sample has every part, and texts that a format may stumble over.
func sample(rows int) document.Document {
	table := &document.Table{Columns: []document.Column{{Title: "Reason", Share: 1}, {Title: "How many", Share: 1, Number: true}, {Title: "Record", Share: 3}}}
	for i := range rows {
		table.Rows = append(table.Rows, []string{fmt.Sprintf("reason-%d", i), "1,000", `{"name":"<script>alert(1)</script> Ελλάδα Москва Ångström 日本語 😀 \u0001` + "\x01\xff" + `"}`})
	}
	return document.Document{
		Title: "Import 555 & more",
		Made:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
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

func TestAPageEscapesWhatCameFromClientsAndAsksNobody(t *testing.T) {
	t.Parallel()
	page := write(t, sample(2), report.HTML)
	for _, wanted := range []string{
		"<title>Import 555 &amp; more</title>", "&lt;script&gt;alert(1)&lt;/script&gt;", "2026-01-02 03:04:05 UTC", "Ελλάδα Москва", "A note.",
	} {
		if !strings.Contains(page, wanted) {
			t.Errorf("the page does not have %q", wanted)
		}
	}
	for _, unwanted := range []string{"<script", "http://", "https://", "src=", "href=", "@import", "url("} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
}

func TestAPDFHasPagesForEverythingAndIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	file := write(t, sample(200), report.PDF)
	if !strings.HasPrefix(file, "%PDF-1.") || !strings.HasSuffix(file, "%%EOF\n") {
		t.Errorf("it begins with %q and ends with %q", file[:8], file[len(file)-8:])
	}
	if pages := strings.Count(file, "/Type /Page\n"); pages < 5 {
		t.Errorf("200 rows are on %d pages", pages)
	}
	if again := write(t, sample(200), report.PDF); again != file {
		t.Error("the same facts made another file")
	}
}

func TestAnEmptyDocumentIsADocument(t *testing.T) {
	t.Parallel()
	for _, f := range []report.Format{report.PDF, report.HTML} {
		if write(t, document.Document{Title: "Nothing"}, f) == "" {
			t.Errorf("no %s was written", f)
		}
	}
	if err := (document.Document{}).Write(&bytes.Buffer{}, report.CSV); err == nil {
		t.Error("a document was written as CSV")
	}
}
