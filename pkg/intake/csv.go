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
	"github.com/longshore-io/longshore/pkg/report"
)

// csvParser parses a body of format CSV. It converts each row after the header row to an object with
// a member for each cell that is not absent (see csvColumn.appendValue). A row with more or fewer
// cells than the header row becomes an array of its cells: the importer rejects it, because it is no
// object, and reports all of its content.
type csvParser struct {
	input     *input
	reader    *csv.Reader
	lineEnds  *lineEnds
	base      int64 // offset of the reader's first byte
	delimiter delimiter
	detected  bool // the delimiter was detected from the header row
	columns   []csvColumn
	record    []byte
}

// newCSVParser reads the header row. The delimiter is detected if char is 0.
func newCSVParser(in *input, char byte, c *collection.Collection) (*csvParser, error) {
	p := &csvParser{input: in, base: in.offset, delimiter: delimiterOf(char), detected: char == 0}
	buffered := bufio.NewReaderSize(in, slack)
	if p.detected {
		head, _ := buffered.Peek(slack) // the reads that follow return the error
		p.delimiter = detectDelimiter(head)
	}
	p.lineEnds = &lineEnds{source: buffered}
	p.reader = csv.NewReader(bufio.NewReaderSize(p.lineEnds, slack))
	p.reader.Comma = rune(p.delimiter.char)
	p.reader.FieldsPerRecord = -1
	p.reader.ReuseRecord = true
	header, err := p.reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, emptyBody()
	}
	if err != nil {
		return nil, p.headerError(err)
	}
	if err := p.readHeader(header, c); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *csvParser) inRecord() bool { return true }

// readHeader creates the columns from the header row.
func (p *csvParser) readHeader(header []string, c *collection.Collection) error {
	if len(header) > MaxColumns {
		return badHeader("It has %d columns, and at most %d are taken.", len(header), MaxColumns).With("limit", MaxColumns)
	}
	seen := make(map[string]int, len(header))
	for i, name := range header {
		name = report.UnescapeFormula(strings.TrimSpace(name))
		switch {
		case name == "":
			return badHeader("Column %d has no name.", i+1)
		case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
			return badHeader("The name of column %d is not valid UTF-8.", i+1)
		case seen[name] > 0:
			return badHeader("Columns %d and %d have the same name.", seen[name], i+1)
		}
		seen[name] = i + 1
		p.columns = append(p.columns, newCSVColumn(name, c))
	}
	return nil
}

func (p *csvParser) next() ([]byte, int64, error) {
	p.input.beginRecord(p.offset())
	row, err := p.reader.Read()
	if err != nil {
		return nil, 0, p.translate(err)
	}
	line, column := p.reader.FieldPos(0)
	offset := p.input.lines.offset(line, column)
	p.record = p.record[:0]
	if len(row) == len(p.columns) {
		p.appendObject(row)
	} else {
		p.appendArray(row)
	}
	return p.record, offset, nil
}

// offset returns the offset of the next row, or of the space before it.
func (p *csvParser) offset() int64 { return p.base + p.lineEnds.offset(p.reader.InputOffset()) }

func (p *csvParser) appendObject(row []string) {
	p.record = append(p.record, '{')
	for i, cell := range row {
		if cell == "" && !(p.columns[i].keepsEmpty && p.isQuoted(i, len(row))) {
			continue
		}
		if len(p.record) > 1 {
			p.record = append(p.record, ',')
		}
		p.record = append(p.record, p.columns[i].member...)
		p.record = p.columns[i].appendValue(p.record, cell)
	}
	p.record = append(p.record, '}')
}

func (p *csvParser) appendArray(row []string) {
	p.record = append(p.record, '[')
	for i, cell := range row {
		if i > 0 {
			p.record = append(p.record, ',')
		}
		p.record = appendString(p.record, cell)
	}
	p.record = append(p.record, ']')
}

// translate converts an error of the CSV reader to a fault or to the error of the input.
func (p *csvParser) translate(err error) error {
	if failure := p.input.failure(); failure != nil {
		return failure
	}
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	offset, reason := p.locateQuote(parse)
	return p.input.malformed("malformed-csv", "CSV", reason, offset).Because(err)
}

// locateQuote returns the location of a wrong quote. The reader may notice a quote that is not closed
// many lines later, so then the location is the beginning of the row.
func (p *csvParser) locateQuote(parse *csv.ParseError) (offset int64, reason string) {
	lines := &p.input.lines
	offset = lines.offset(parse.Line, parse.Column)
	line, _ := lines.position(offset)
	nextLine, _ := lines.position(offset + 1)
	atLineEnd := nextLine != line || offset >= p.offset()
	if parse.Line == parse.StartLine && !atLineEnd {
		return offset, "a cell with a quote in it must be enclosed in quotes, and the quote in it doubled"
	}
	return lines.offset(parse.StartLine, 1), "the row that begins here has a quote that is not closed, or one in a cell that is not doubled"
}

// headerError converts an error of the CSV reader in the header row.
func (p *csvParser) headerError(err error) error {
	err = p.translate(err)
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
