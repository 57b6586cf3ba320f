package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/record"
)

// csvParser parses a body of format CSV: it converts each row after the header row to a record, as table does. It
// skips blank rows, also those that consist of delimiters only.
type csvParser struct {
	input     *input
	rows      *rowReader
	table     table
	delimiter delimiter
	detected  bool // the delimiter was detected from the header row
	// strict reports whether each row must be UTF-8. It is false if the client has declared an encoding: then the
	// importer rejects a record that has other bytes.
	strict bool
	// blank is how many blank rows were skipped after the header row.
	blank int
}

// newCSVParser reads the header row.
func newCSVParser(in *input, options Options, c *collection.Collection) (*csvParser, error) {
	p := &csvParser{
		input: in, rows: newRowReader(in), strict: options.Encoding == "",
		table: table{nullEmpty: options.EmptyCells == EmptyNull, unit: "line"},
	}
	in.lines.returns = true
	if err := p.setDialect(options, c); err != nil {
		return nil, noHeader(err, options)
	}
	header, err := p.readRow()
	if err != nil {
		return nil, headerError(noHeader(err, options))
	}
	if line, _ := in.lines.position(header.offset); options.HeaderRow > 0 && line != options.HeaderRow {
		return nil, badHeader("Line %d is blank.", options.HeaderRow)
	}
	p.rows.columns = len(header.cells)
	p.blank = 0
	return p, p.table.readHeader(header.cells, c)
}

// noHeader replaces the end of the body.
func noHeader(err error, options Options) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case options.HeaderRow > 1:
		return badHeader("The body has no line %d.", options.HeaderRow)
	}
	return emptyBody()
}

// setDialect skips what stands before the header row and finds the delimiter: as the client has declared it, as a first
// line such as "sep=;" says, or from the header row.
func (p *csvParser) setDialect(options Options, c *collection.Collection) error {
	p.rows.setDialect(',', options.quote())
	if options.HeaderRow == 0 {
		if err := p.skipBlankLines(); err != nil {
			return err
		}
	}
	named, found := sepLine(p.rows.head())
	lines := options.HeaderRow - 1
	if found {
		lines = max(1, lines)
	}
	for range lines {
		if err := p.rows.skipLine(); err != nil {
			return err
		}
	}
	p.delimiter, p.detected = delimiterOf(options.Delimiter), options.Delimiter == ""
	switch {
	case !p.detected:
	case found && named == 0:
		return badHeader("Its first line names a delimiter that is none of comma, semicolon, tab and bar.")
	case found:
		p.delimiter = delimiterOf(string(rune(named)))
	default:
		p.delimiter = detectDelimiter(p.rows.head(), options.quote(), c)
	}
	p.rows.setDialect(p.delimiter.char, options.quote())
	return nil
}

// skipBlankLines skips the lines before the header row that have no name in them, only delimiters.
func (p *csvParser) skipBlankLines() error {
	for {
		head := p.rows.head()
		n := lineLength(head, p.rows.eof)
		if n == 0 || len(bytes.Trim(head[:n], " \t\r\n,;|")) > 0 {
			return nil
		}
		if err := p.rows.skipLine(); err != nil {
			return err
		}
	}
}

func (p *csvParser) inRecord() bool { return true }

func (p *csvParser) next() ([]byte, int64, error) {
	found, err := p.readRow()
	if err != nil {
		return nil, 0, err
	}
	line, _ := p.input.lines.position(found.offset)
	if found.split {
		return p.table.refuse(found.cells, record.StrayReturn,
			"has a carriage return in a cell that is not in quotes, or at the end of a row that has other than the %d cells of the header row (line %d)",
			len(p.table.columns), line), found.offset, nil
	}
	text, err := p.table.convert(found.cells, line)
	return text, found.offset, err
}

// readRow returns the next row that is not blank.
func (p *csvParser) readRow() (row, error) {
	for {
		found, raw, err := p.rows.next()
		if err != nil {
			return row{}, err
		}
		if found.isBlank() || raw != nil && len(p.table.columns) > 1 && len(bytes.TrimSpace(raw)) == 0 {
			p.blank++
			continue
		}
		if p.strict && !utf8.Valid(p.rows.text) {
			return row{}, p.notUTF8(raw, found.offset)
		}
		return found, nil
	}
}

// headerError converts an error of the CSV reader in the header row.
func headerError(err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code == "malformed-csv" {
		f.Kind, f.Code = fault.Invalid, "bad-header"
	}
	return err
}

// noRecords returns the fault of a table without rows. The commonest cause is curl -d, which removes line ends.
func (p *csvParser) noRecords() error {
	advice := ""
	if p.blank == 0 && !strings.ContainsAny(string(p.rows.buffer[:min(p.rows.end, slack)]), "\r\n") {
		advice = " It has one line only: curl -d removes line ends; --data-binary keeps them."
	}
	return fault.New(fault.Invalid, "no-records", "The body holds no records, only a header row.%s Send at least one.", advice)
}

// notUTF8 returns the fault of a row, with a proposal how it could be read.
func (p *csvParser) notUTF8(raw []byte, offset int64) error {
	at := 0
	for at < len(raw) {
		r, size := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at += size
	}
	line, column := p.input.lines.position(offset + int64(at))
	f := fault.New(fault.Malformed, "not-utf8", "The body is not UTF-8: byte 0x%02X at line %d, column %d. %s Nothing was imported.",
		raw[at], line, column, proposal(raw, at))
	return p.input.locate(f, offset+int64(at)).With("byte", fmt.Sprintf("0x%02X", raw[at]))
}
