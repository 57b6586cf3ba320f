package record

import (
	"bytes"
	"slices"
)

// stop is the position that reports that the rest of the record cannot be parsed.
const stop = -1

// step identifies the part of an open object or array that is being parsed: the member with the
// name raw[from:to] or, if from is negative, the item with the index to.
type step struct{ from, to int }

// byteAt returns the byte at pos; after the end NUL, which is not allowed anywhere in JSON.
func (r *Reader) byteAt(pos int) byte {
	if uint(pos) < uint(len(r.raw)) {
		return r.raw[pos]
	}
	return 0
}

// skipSpace returns the position of the first byte at or after pos that is not white space (RFC
// 8259 section 2).
func (r *Reader) skipSpace(pos int) int {
	for pos < len(r.raw) && r.raw[pos] <= ' ' {
		if c := r.raw[pos]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			break
		}
		pos++
	}
	return pos
}

// value parses the value at pos and returns the position after it.
func (r *Reader) value(pos int) int {
	switch c := r.byteAt(pos); c {
	case '"':
		end, traits := scanString(r.raw, pos)
		if traits&^escaped == 0 {
			return end
		}
		return r.badString(end, traits, "holds")
	case '{':
		return r.object(pos)
	case '[':
		return r.array(pos)
	case 't':
		return r.literal(pos, "true")
	case 'f':
		return r.literal(pos, "false")
	case 'n':
		return r.literal(pos, "null")
	default:
		if c == '-' || isDigit(c) {
			return r.number(pos)
		}
		return r.malformed(pos)
	}
}

func (r *Reader) literal(pos int, word string) int {
	end := pos + len(word)
	if end > len(r.raw) || string(r.raw[pos:end]) != word {
		return r.malformed(pos)
	}
	return end
}

func (r *Reader) object(pos int) int {
	if !r.enter() {
		return stop
	}
	outer := len(r.siblings)
	if pos = r.skipSpace(pos + 1); r.byteAt(pos) == '}' {
		return r.leave(pos)
	}
	for members := 1; ; members++ {
		if members > r.limits.Members {
			return r.tooManyMembers()
		}
		if pos = r.member(pos); pos == stop {
			return stop
		}
		switch r.byteAt(pos) {
		case ',':
			pos = r.skipSpace(pos + 1)
		case '}':
			r.checkDuplicates(outer)
			return r.leave(pos)
		default:
			return r.malformed(pos)
		}
	}
}

// member parses a name, a colon and a value, and returns the position of the next byte that is not
// white space.
func (r *Reader) member(pos int) int {
	name, pos, readable := r.name(pos)
	if pos == stop {
		return stop
	}
	object := r.enterSource(name)
	end := r.value(pos)
	r.leaveSource(object)
	if end == stop {
		return stop
	}
	switch {
	case !readable:
	case len(r.path) == 1:
		r.setValue(name, r.raw[pos:end:end])
	default:
		r.siblings = append(r.siblings, name)
		if object != nil {
			r.nested(object, name, r.raw[pos:end:end])
		}
	}
	return r.skipSpace(end)
}

// name parses a member's name and returns it without escapes, and the position of the member's
// value. If the name is not valid text, it adds a reason and returns readable as false.
func (r *Reader) name(pos int) (name []byte, next int, readable bool) {
	if r.byteAt(pos) != '"' {
		return nil, r.malformed(pos), false
	}
	end, traits := scanString(r.raw, pos)
	r.path[len(r.path)-1] = step{pos + 1, end - 1}
	if traits&^escaped != 0 {
		if r.badString(end, traits, "holds a member whose name has") == stop {
			return nil, stop, false
		}
	} else {
		name = unescape(r.raw[pos:end], traits)
		readable = true
	}
	if pos = r.skipSpace(end); r.byteAt(pos) != ':' {
		return nil, r.malformed(pos), false
	}
	return name, r.skipSpace(pos + 1), readable
}

// checkDuplicates finds names that occur more than once in the object that ends here. It sorts the
// names, because comparing each pair of thousands of names would be slow.
func (r *Reader) checkDuplicates(outer int) {
	names := r.siblings[outer:]
	if len(names) > 1 {
		slices.SortFunc(names, bytes.Compare)
		for i := 1; i < len(names); i++ {
			if bytes.Equal(names[i-1], names[i]) {
				r.duplicate(names[i])
			}
		}
	}
	r.siblings = r.siblings[:outer]
}

func (r *Reader) array(pos int) int {
	if !r.enter() {
		return stop
	}
	r.leaveSource(nil) // no path leads into an array
	if pos = r.skipSpace(pos + 1); r.byteAt(pos) == ']' {
		return r.leave(pos)
	}
	for index := 0; ; index++ {
		r.path[len(r.path)-1] = step{-1, index}
		if pos = r.value(pos); pos == stop {
			return stop
		}
		pos = r.skipSpace(pos)
		switch r.byteAt(pos) {
		case ',':
			pos = r.skipSpace(pos + 1)
		case ']':
			return r.leave(pos)
		default:
			return r.malformed(pos)
		}
	}
}

func (r *Reader) enter() bool {
	if len(r.path) == r.limits.Depth {
		r.tooDeep()
		return false
	}
	r.path = append(r.path, step{})
	return true
}

// leave closes the object or array whose last byte is at pos, and returns the position after it.
func (r *Reader) leave(pos int) int {
	r.path = r.path[:len(r.path)-1]
	return pos + 1
}
