package intake

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// table reads a body of format CSV. Each row after the header row becomes an object with a member for each
// cell that is not empty; column.append tells how. A row with more or fewer cells than the header row becomes
// an array of its cells: the importer rejects it, because it is no object, and nothing of it is lost.
type table struct {
	source    *source
	reader    *csv.Reader
	base      int64 // offset of the reader's first byte
	delimiter delimiter
	sniffed   bool
	columns   []column
	record    []byte
}

// newTable reads the header row.
func newTable(s *source, char byte, c *collection.Collection) (*table, error) {
	t := &table{source: s, base: s.offset, delimiter: delimiterOf(char), sniffed: char == 0}
	buffered := bufio.NewReaderSize(s, slack)
	if t.sniffed {
		head, _ := buffered.Peek(slack) // what ended it early comes again
		t.delimiter = sniff(head)
	}
	t.reader = csv.NewReader(buffered)
	t.reader.Comma = rune(t.delimiter.char)
	t.reader.FieldsPerRecord = -1
	t.reader.ReuseRecord = true
	header, err := t.reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, emptyBody()
	}
	if err != nil {
		return nil, t.headerError(err)
	}
	if err := t.define(header, c); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *table) inRecord() bool { return true }

// define makes the columns of the header row.
func (t *table) define(header []string, c *collection.Collection) error {
	if len(header) > MaxColumns {
		return badHeader("It has %d columns, and at most %d are taken.", len(header), MaxColumns).With("limit", MaxColumns)
	}
	seen := make(map[string]int, len(header))
	for i, name := range header {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
			return badHeader("Column %d has no name.", i+1)
		case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
			return badHeader("The name of column %d is not valid UTF-8.", i+1)
		case seen[name] > 0:
			return badHeader("Columns %d and %d have the same name.", seen[name], i+1)
		}
		seen[name] = i + 1
		t.columns = append(t.columns, newColumn(name, c))
	}
	return nil
}

func (t *table) next() ([]byte, int64, error) {
	t.source.begin(t.base + t.reader.InputOffset())
	row, err := t.reader.Read()
	if err != nil {
		return nil, 0, t.explain(err)
	}
	line, column := t.reader.FieldPos(0)
	offset := t.source.lines.offset(line, column)
	t.record = t.record[:0]
	if len(row) == len(t.columns) {
		t.object(row)
	} else {
		t.array(row)
	}
	return t.record, offset, nil
}

func (t *table) object(row []string) {
	t.record = append(t.record, '{')
	for i, cell := range row {
		if cell == "" {
			continue
		}
		if len(t.record) > 1 {
			t.record = append(t.record, ',')
		}
		t.record = append(t.record, t.columns[i].member...)
		t.record = t.columns[i].append(t.record, cell)
	}
	t.record = append(t.record, '}')
}

func (t *table) array(row []string) {
	t.record = append(t.record, '[')
	for i, cell := range row {
		if i > 0 {
			t.record = append(t.record, ',')
		}
		t.record = appendString(t.record, cell)
	}
	t.record = append(t.record, ']')
}

// explain makes a fault of what the CSV reader reports.
func (t *table) explain(err error) error {
	if failure := t.source.failed(); failure != nil {
		return failure
	}
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	offset, reason := t.blame(parse)
	return t.source.malformed("malformed-csv", "CSV", reason, offset).Because(err)
}

// blame tells where a quote went wrong. One that is still open at the end of its line may be met again many
// lines later, so then the row is blamed that it stands in.
func (t *table) blame(parse *csv.ParseError) (offset int64, reason string) {
	known := &t.source.lines
	offset = known.offset(parse.Line, parse.Column)
	line, _ := known.at(offset)
	next, _ := known.at(offset + 1)
	atEnd := next != line || offset >= t.base+t.reader.InputOffset()
	if parse.Line == parse.StartLine && !atEnd {
		return offset, "a cell with a quote in it must be enclosed in quotes, and the quote in it doubled"
	}
	return known.offset(parse.StartLine, 1), "the row that begins here has a quote that is not closed, or one in a cell that is not doubled"
}

// headerError makes a fault of a header row that cannot be read.
func (t *table) headerError(err error) error {
	err = t.explain(err)
	var f *fault.Fault
	if errors.As(err, &f) && f.Code == "malformed-csv" {
		f.Kind, f.Code = fault.Invalid, "bad-header"
	}
	return err
}

func badHeader(format string, args ...any) *fault.Fault {
	return fault.New(fault.Invalid, "bad-header", "The header row cannot be used. %s Each column needs a name of its own, that of a member.",
		fmt.Sprintf(format, args...))
}
