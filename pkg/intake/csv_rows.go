package intake

import (
	"bytes"
	"errors"
	"io"
)

// cell is one cell of a row.
type cell struct {
	text string
	// quoted reports whether the cell is enclosed in quotes.
	quoted bool
}

// row is one row of a CSV body, without its line end. Its cells are valid until the next row is read.
type row struct {
	cells  []cell
	offset int64
	// split reports whether a carriage return alone stands in the row where it cannot be the end of a row.
	split bool
}

// isBlank reports whether the row has no value: nothing, or only delimiters.
func (r row) isBlank() bool {
	for _, c := range r.cells {
		if c.text != "" || c.quoted {
			return false
		}
	}
	return true
}

// csvError is an error in the quotes of a row.
type csvError struct {
	// at is its place in the row in bytes.
	at int
	// open reports whether the quote at that place may be one that is not closed.
	open   bool
	reason string
}

const (
	bareQuote   = "a cell with a quote in it must be enclosed in quotes, and the quote in it doubled"
	openQuote   = "the row that begins here has a quote that is not closed, or one in a cell that is not doubled"
	spacedQuote = "a cell with blanks before its first quote must end on the same line; remove the blanks, or double the quotes"
)

// rowReader reads the rows of a CSV body (RFC 4180). Beyond the RFC, a row may end with a line feed or a carriage
// return alone, and blanks may stand around a cell in quotes. encoding/csv does neither, drops carriage returns in
// cells, and does not say which cells are in quotes.
type rowReader struct {
	input            *input
	delimiter, quote byte
	// ends marks the bytes at which a cell without quotes ends.
	ends [256]bool

	buffer     []byte
	start, end int   // of the unread bytes in the buffer
	offset     int64 // of the next row
	eof        bool

	text   []byte // of all cells of the row
	spans  []span // of the cells in text
	breaks []pause
	cells  []cell
	queue  []row
	// columns is how many columns the header row has; 0 until it is read. Until then, and if returns is set because the
	// header row ends so, a carriage return alone ends a row.
	columns int
	returns bool
}

// span is the end of a cell in a text.
type span struct {
	end    int
	quoted bool
}

// pause is a carriage return alone in a body whose header row ends otherwise: after how many cells, and where in the
// row it stands.
type pause struct{ cells, at int }

func newRowReader(in *input) *rowReader {
	return &rowReader{input: in, buffer: make([]byte, slack), offset: in.offset}
}

// setDialect sets the delimiter and the quote; a quote of 0 means that cells have no quotes.
func (r *rowReader) setDialect(delimiter, quote byte) {
	r.delimiter, r.quote = delimiter, quote
	r.ends = [256]bool{'\n': true, '\r': true}
	r.ends[delimiter] = true
	if quote != 0 {
		r.ends[quote] = true
	}
}

// head returns the beginning of the unread bytes: at least one buffer, unless the body ends before.
func (r *rowReader) head() []byte {
	for r.end-r.start < slack && !r.eof && r.fill() == nil {
	}
	return r.buffer[r.start:r.end]
}

// fill reads more bytes into the buffer, which it enlarges if it is full. The error is nil at the end of the body.
func (r *rowReader) fill() error {
	if r.start > 0 {
		r.end = copy(r.buffer, r.buffer[r.start:r.end])
		r.start = 0
	}
	if r.end == len(r.buffer) {
		larger := make([]byte, 2*len(r.buffer))
		copy(larger, r.buffer)
		r.buffer = larger
	}
	n, err := r.input.Read(r.buffer[r.end:])
	r.end += n
	if errors.Is(err, io.EOF) {
		r.eof = true
		return nil
	}
	return err
}

// skipLine skips a line whatever it has. It returns io.EOF if there is none.
func (r *rowReader) skipLine() error {
	r.input.beginRecord(r.offset)
	for {
		data := r.buffer[r.start:r.end]
		if n := lineLength(data, r.eof); n > 0 {
			r.skip(n)
			return nil
		}
		if r.eof {
			return io.EOF
		}
		if err := r.fill(); err != nil {
			return r.failure(err)
		}
	}
}

// lineLength returns the length of the first line with its end; 0 if its end is not there yet.
func lineLength(data []byte, eof bool) int {
	i := bytes.IndexAny(data, "\r\n")
	switch {
	case i < 0 && eof:
		return len(data)
	case i < 0, i+1 == len(data) && data[i] == '\r' && !eof:
		return 0
	case data[i] == '\r' && i+1 < len(data) && data[i+1] == '\n':
		return i + 2
	}
	return i + 1
}

func (r *rowReader) skip(n int) {
	r.start += n
	r.offset += int64(n)
}

// next returns the next row, which may be blank, and the bytes from which it was read; io.EOF after the last one.
func (r *rowReader) next() (row, []byte, error) {
	if len(r.queue) > 0 {
		first := r.queue[0]
		r.queue = r.queue[1:]
		return first, nil, nil
	}
	r.input.beginRecord(r.offset)
	for {
		data := r.buffer[r.start:r.end]
		if len(data) == 0 && r.eof {
			return row{}, nil, io.EOF
		}
		n, broken := r.parse(data)
		if broken != nil {
			return row{}, nil, r.malformed(data, *broken)
		}
		if n > 0 {
			return r.take(data[:n]), data[:n], nil
		}
		if err := r.fill(); err != nil {
			return row{}, nil, r.failure(err)
		}
	}
}

// take returns the row that was parsed last and moves behind it.
func (r *rowReader) take(data []byte) row {
	text, begin := string(r.text), 0
	r.cells = r.cells[:0]
	for _, s := range r.spans {
		r.cells = append(r.cells, cell{text: text[begin:s.end], quoted: s.quoted})
		begin = s.end
	}
	taken := row{cells: r.cells, offset: r.offset}
	if r.columns == 0 {
		r.returns = data[len(data)-1] == '\r'
	}
	if len(r.breaks) > 0 {
		taken = r.splitRow(taken)
	}
	r.skip(len(data))
	return taken
}

// splitRow splits a row at the carriage returns that stand alone in it and returns the first part; the others are
// queued. Each part must be a whole row: otherwise the carriage return may be a character of a cell that lacks its
// quotes.
func (r *rowReader) splitRow(whole row) row {
	var parts []row
	begin := pause{}
	for _, end := range append(r.breaks, pause{cells: len(whole.cells)}) {
		part := row{cells: whole.cells[begin.cells:end.cells], offset: whole.offset + int64(begin.at)}
		begin = end
		switch {
		case part.isBlank():
		case len(part.cells) != r.columns:
			whole.split = true
			return whole
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return row{offset: whole.offset}
	}
	r.queue = parts[1:]
	return parts[0]
}
