package intake

// quotedEmpty is how many bytes the two quotes of an empty cell take.
const quotedEmpty = 2

// isQuoted reports whether the empty cell i of the row that was read last is written as two quotes. csv.Reader does
// not say so, but the positions of the cells do.
func (p *csvParser) isQuoted(i, cells int) bool {
	line, column := p.reader.FieldPos(i)
	if i+1 < cells {
		const delimiterSize = 1
		_, next := p.reader.FieldPos(i + 1)
		return next-column == quotedEmpty+delimiterSize
	}
	end := p.offset()
	left := end - p.input.lines.offset(line, column)
	if _, column := p.input.lines.position(end); column == 1 {
		left-- // the newline
	}
	return left >= quotedEmpty // an unquoted cell has at most a carriage return behind it
}
