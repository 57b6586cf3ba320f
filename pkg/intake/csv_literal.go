package intake

import "strings"

// isBraced reports whether a cell may be an array as Postgres writes it: {a,"b c",NULL}.
func isBraced(cell string) bool {
	return len(cell) >= 2 && cell[0] == '{' && cell[len(cell)-1] == '}'
}

// arrayLiteral reads an array as Postgres writes it: items between commas in braces, further dimensions as arrays in
// it, items in double quotes if they have other characters, a backslash before a character that stands for itself, and
// NULL without quotes.
type arrayLiteral struct {
	column csvColumn
	rest   string
	dst    []byte
}

// appendLiteral appends an array in braces as JSON. ok is false if it is no array of Postgres.
func (c csvColumn) appendLiteral(dst []byte, cell string) (array []byte, ok bool) {
	l := arrayLiteral{column: c, rest: cell, dst: dst}
	ok = l.array(0) && l.rest == ""
	return l.dst, ok
}

// maxDimensions is how many dimensions an array of Postgres can have (MAXDIM).
const maxDimensions = 6

func (l *arrayLiteral) array(depth int) bool {
	if depth == maxDimensions || !l.skip('{') {
		return false
	}
	l.dst = append(l.dst, '[')
	if l.skip('}') {
		l.dst = append(l.dst, ']')
		return true
	}
	for {
		if !l.item(depth) {
			return false
		}
		switch {
		case l.skip(','):
			l.dst = append(l.dst, ',')
		case l.skip('}'):
			l.dst = append(l.dst, ']')
			return true
		default:
			return false
		}
	}
}

// skip skips space and then the character, if it comes next.
func (l *arrayLiteral) skip(char byte) bool {
	rest := strings.TrimLeft(l.rest, " \t\r\n")
	if rest == "" || rest[0] != char {
		return false
	}
	l.rest = rest[1:]
	return true
}

func (l *arrayLiteral) item(depth int) bool {
	l.rest = strings.TrimLeft(l.rest, " \t\r\n")
	switch {
	case strings.HasPrefix(l.rest, "{"):
		return l.array(depth + 1)
	case l.skip('"'):
		return l.quoted()
	}
	return l.plain()
}

// quoted reads the rest of an item in quotes.
func (l *arrayLiteral) quoted() bool {
	var text strings.Builder
	for i := 0; i < len(l.rest); i++ {
		switch char := l.rest[i]; {
		case char == '"':
			l.rest = l.rest[i+1:]
			l.dst = l.column.appendItem(l.dst, text.String())
			return true
		case char == '\\' && i+1 < len(l.rest):
			i++
		}
		text.WriteByte(l.rest[i])
	}
	return false
}

// plain reads an item without quotes. One that has a quote or a backslash in it is not read.
func (l *arrayLiteral) plain() bool {
	end := strings.IndexAny(l.rest, `,{}"\`)
	if end < 0 {
		return false
	}
	text := strings.TrimRight(l.rest[:end], " \t\r\n")
	l.rest = l.rest[end:]
	switch {
	case text == "":
		return false
	case strings.EqualFold(text, "NULL"):
		l.dst = append(l.dst, "null"...)
	default:
		l.dst = l.column.appendItem(l.dst, text)
	}
	return true
}
