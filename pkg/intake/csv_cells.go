package intake

import "bytes"

// parse parses the row at the beginning of data. n is its length with its line end; 0 if data does not have all of it.
func (r *rowReader) parse(data []byte) (n int, broken *csvError) {
	r.text, r.spans, r.breaks = r.text[:0], r.spans[:0], r.breaks[:0]
	for pos := 0; ; pos++ {
		opening := r.opening(data, pos)
		if opening >= 0 {
			pos, broken = r.quotedCell(data, opening, opening > pos)
		} else {
			pos, broken = r.plainCell(data, pos)
		}
		if broken != nil || pos < 0 {
			return 0, broken
		}
		r.spans = append(r.spans, span{end: len(r.text), quoted: opening >= 0})
		switch {
		case pos == len(data): // and the body ends there
			return pos, nil
		case data[pos] == '\n':
			return pos + 1, nil
		case data[pos] == '\r':
			end := lineLength(data[pos:], r.eof)
			if end != 1 || r.columns == 0 || r.returns || pos+1 == len(data) {
				return rowEnd(pos, end), nil
			}
			r.breaks = append(r.breaks, pause{cells: len(r.spans), at: pos + 1})
		}
	}
}

// rowEnd returns the length of a row whose line end at pos has a length; 0 if that is 0.
func rowEnd(pos, length int) int {
	if length == 0 {
		return 0
	}
	return pos + length
}

// opening returns the place of the quote that opens the cell at pos; -1 if it has none.
func (r *rowReader) opening(data []byte, pos int) int {
	pos = r.skipBlanks(data, pos)
	if r.quote == 0 || pos == len(data) || data[pos] != r.quote {
		return -1
	}
	return pos
}

func (r *rowReader) skipBlanks(data []byte, pos int) int {
	for pos < len(data) && data[pos] != r.delimiter && (data[pos] == ' ' || data[pos] == '\t') {
		pos++
	}
	return pos
}

// plainCell appends the text of a cell without quotes and returns the place after it; -1 if data does not have all of
// it.
func (r *rowReader) plainCell(data []byte, pos int) (int, *csvError) {
	begin := pos
	for pos < len(data) && !r.ends[data[pos]] {
		pos++
	}
	switch {
	case pos == len(data) && !r.eof:
		return -1, nil
	case pos < len(data) && r.quote != 0 && data[pos] == r.quote:
		return 0, &csvError{at: pos, reason: bareQuote}
	}
	r.text = append(r.text, data[begin:pos]...)
	return pos, nil
}

// quotedCell does the same for a cell that the quote at pos opens. With oneLine, the cell must end on its line:
// otherwise a quote after a blank, as in "5, 7" wide", could hide the rows up to the next quote.
func (r *rowReader) quotedCell(data []byte, pos int, oneLine bool) (int, *csvError) {
	opening := pos
	for {
		pos++
		length := bytes.IndexByte(data[pos:], r.quote)
		text := data[pos:]
		if length >= 0 {
			text = text[:length]
		}
		if oneLine && bytes.ContainsAny(text, "\r\n") {
			return 0, &csvError{at: opening, reason: spacedQuote}
		}
		pos += length
		switch {
		case length < 0 && r.eof:
			return 0, &csvError{at: opening, open: true, reason: bareQuote}
		case length < 0, pos+1 == len(data) && !r.eof:
			return -1, nil
		}
		r.text = append(r.text, text...)
		if pos+1 == len(data) || data[pos+1] != r.quote {
			return r.closed(data, pos)
		}
		pos++
		r.text = append(r.text, r.quote)
	}
}

// closed returns the place after the blanks that follow the closing quote at pos.
func (r *rowReader) closed(data []byte, pos int) (int, *csvError) {
	end := r.skipBlanks(data, pos+1)
	switch {
	case end == len(data) && !r.eof:
		return -1, nil
	case end < len(data) && !r.ends[data[end]], end < len(data) && data[end] == r.quote:
		return 0, &csvError{at: pos, reason: bareQuote}
	}
	return end, nil
}

// malformed converts an error in the quotes of the row at the beginning of data. A quote that is not closed may be
// noticed many lines later, so then the location is the beginning of the row.
func (r *rowReader) malformed(data []byte, broken csvError) error {
	offset, reason := r.offset+int64(broken.at), broken.reason
	if broken.open || broken.reason == bareQuote && bytes.ContainsAny(data[:broken.at], "\r\n") {
		offset, reason = r.offset, openQuote
	}
	return r.input.malformed("malformed-csv", "CSV", reason, offset)
}

// failure returns the fault for an error of the input.
func (r *rowReader) failure(err error) error {
	if failure := r.input.failure(); failure != nil {
		return failure
	}
	return err
}
