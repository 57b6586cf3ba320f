// Package document writes reports for people, made of facts and tables, as HTML or PDF. Both are
// self-contained: they load nothing when opened.
package document

import (
	"fmt"
	"io"
	"time"

	"github.com/longshore-io/longshore/pkg/report"
)

// Document is a report for people.
type Document struct {
	Title string
	// AsOf is when its facts were read.
	AsOf     time.Time
	Sections []Section
}

// Section is a part of a document under a heading. Every field but Title is optional.
type Section struct {
	Title string
	Facts []Fact
	Table *Table
	// Note is a text below the facts and the table.
	Note string
}

// Fact is a name and a value.
type Fact struct{ Name, Value string }

// Table is a table. Each row has one cell per column.
type Table struct {
	Columns []Column
	Rows    [][]string
}

// Column is a column of a table.
type Column struct {
	Title string
	// Width is relative to the widths of the other columns.
	Width float64
	// Number aligns the cells to the right.
	Number bool
}

// Write writes the document as HTML or PDF.
func (d Document) Write(out io.Writer, f report.Format) error {
	switch f {
	case report.HTML:
		return writeHTML(out, d)
	case report.PDF:
		return writePDF(out, d)
	default:
		return fmt.Errorf("documents are not written as %q", f)
	}
}

// FormatTime formats a time for people; "" for the zero time.
func FormatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
