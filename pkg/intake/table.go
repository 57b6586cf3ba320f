package intake

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
	"github.com/longshore-io/longshore/pkg/report"
)

// table converts the rows of a table to records: to objects with a member for each cell that is not absent (see
// csvColumn.appendValue).
type table struct {
	columns []csvColumn
	// nullEmpty reports whether an empty cell without quotes is null and not absent.
	nullEmpty bool
	// unit is what rows are counted in: a line of a file or a row of a sheet.
	unit    string
	record  []byte
	refused []byte
}

// readHeader creates the columns from the header row. A column without a name is ignored as long as it has no values.
func (t *table) readHeader(header []cell, c *collection.Collection) error {
	if len(header) > MaxColumns {
		return badHeader("It has %d columns, and at most %d are taken.", len(header), MaxColumns).With("limit", MaxColumns)
	}
	seen := make(map[string]int, len(header))
	for i, h := range header {
		name := columnName(h.text)
		switch {
		case name == "":
			t.columns = append(t.columns, csvColumn{})
			continue
		case !utf8.ValidString(name):
			return badHeader("The name of column %d, %q, is not valid UTF-8.", i+1, name)
		case strings.ContainsRune(name, 0):
			return badHeader("The name of column %d, %q, contains a NUL character.", i+1, name)
		case seen[name] > 0:
			return badHeader("Columns %d and %d have the same name, %q.", seen[name], i+1, name).With("name", name)
		}
		seen[name] = i + 1
		t.columns = append(t.columns, newCSVColumn(name, c))
	}
	if len(header) == 1 {
		return checkQuotedLines(columnName(header[0].text), c)
	}
	return nil
}

// invisible are characters around a name that are not seen: byte order marks of files that were joined, and the
// character that replaced them (U+200B).
const invisible = "\ufeff\u200b"

// columnName returns the name of the member that a cell of the header row means.
func columnName(text string) string {
	return report.UnescapeFormula(strings.TrimSpace(strings.Trim(strings.TrimSpace(text), invisible)))
}

// checkQuotedLines returns a fault if the only column has the names of several members: each line of the file is
// in quotes as a whole.
func checkQuotedLines(name string, c *collection.Collection) error {
	for _, d := range delimiters {
		names := strings.Split(name, string(rune(d.char)))
		if len(names) > 1 && countMembers(names, c) > 1 {
			return badHeader("Each line is one cell, because it is in quotes as a whole: %q. Remove these quotes.", name)
		}
	}
	return nil
}

// countMembers returns how many of the names are members of the collection.
func countMembers(names []string, c *collection.Collection) (members int) {
	known := make(map[string]bool, len(c.Properties))
	for _, p := range c.Properties {
		known[p.Name] = true
	}
	for _, name := range names {
		if known[columnName(strings.Trim(name, `"`))] {
			members++
		}
	}
	return members
}

// convert returns the record of a row. line is the number of its line or row. A row with more cells than the header
// becomes a record that the importer rejects; one with fewer lacks its last members.
func (t *table) convert(cells []cell, line int) ([]byte, error) {
	if len(cells) > len(t.columns) {
		return t.refuse(cells, record.TooManyCells, "has %d cells, but the header row has %d columns (%s %d)", len(cells), len(t.columns), t.unit, line), nil
	}
	dst := t.record[:0]
	dst = append(dst, '{')
	for i, c := range cells {
		column := t.columns[i]
		switch {
		case column.member == nil && c.text != "":
			return nil, badHeader("Column %d has no name, but a value in %s %d: %q.", i+1, t.unit, line, shorten(c.text)).
				With("line", line)
		case column.member == nil, c.text == "" && !t.nullEmpty && (!c.quoted || !column.keepsEmpty):
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(dst, column.member...)
		switch {
		case c.text != "", c.quoted && column.keepsEmpty:
			dst = column.appendValue(dst, c.text)
		default:
			dst = append(dst, "null"...)
		}
	}
	dst = append(dst, '}')
	t.record = dst
	return t.record, nil
}

// refuse returns a record that the importer rejects with the reason; the cells are what was received.
func (t *table) refuse(cells []cell, code, format string, args ...any) []byte {
	dst := t.record[:0]
	dst = append(dst, '[')
	for i, c := range cells {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, c.text)
	}
	dst = append(dst, ']')
	t.record = dst
	t.refused = record.AppendRefused(t.refused[:0], t.record, operation.Reason{Code: code, Message: fmt.Sprintf(format, args...)})
	return t.refused
}

// maxQuoted is how many bytes of a value a message quotes.
const maxQuoted = 40

func shorten(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	return strings.ToValidUTF8(text[:maxQuoted], "") + "…"
}

func badHeader(format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, "bad-header", "The header row cannot be used. %s Each column needs a name of its own, that of a member.",
		fmt.Sprintf(format, args...))
}
