// Package document writes what a report tells people: facts and tables, as a page of HTML or as PDF. Neither asks anybody for anything when
// it is opened.
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
	// Made is when its facts were read.
	Made     time.Time
	Sections []Section
}

// Section is a part of a document under a heading; every part of it may be missing.
type Section struct {
	Title string
	Facts []Fact
	Table *Table
	// Note stands at its end.
	Note string
}

// Fact is a name and a value.
type Fact struct{ Name, Value string }

// Table has as many cells in each row as it has columns.
type Table struct {
	Columns []Column
	Rows    [][]string
}

// Column is a column of a table.
type Column struct {
	Title string
	// Share is how wide it is, relative to the others.
	Share float64
	// Number puts its cells to the right.
	Number bool
}

// Write writes the document in a format for people.
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

// Moment writes a time as people read it; nothing for none.
func Moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
