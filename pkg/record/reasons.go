package record

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/operation"
)

// The codes of the reasons for which a record is rejected. They are a part of the API and never
// change.
const (
	NotAnObject      = "not-an-object"
	MalformedJSON    = "malformed-json"
	DuplicateMember  = "duplicate-member"
	UnknownMember    = "unknown-member"
	InvalidUTF8      = "invalid-utf8"
	LoneSurrogate    = "lone-surrogate"
	NULCharacter     = "nul-character"
	NumberOutOfRange = "number-out-of-range"
	TooDeep          = "too-deep"
	TooManyMembers   = "too-many-members"
)

// location is the location of a defect: the value to which the first steps of the path lead or, if
// name is not nil, its member with the name.
type location struct {
	steps int
	name  []byte
}

var wholeRecord = location{}

// here is the location of the value that is being parsed.
func (r *Reader) here() location { return location{steps: len(r.path)} }

// sibling is the location of a member of the object that is being parsed.
func (r *Reader) sibling(name []byte) location { return location{steps: len(r.path) - 1, name: name} }

// reject adds a reason. After MaxReasons defects it ignores further ones, so that they cost
// nothing.
func (r *Reader) reject(where location, code, format string, args ...any) {
	r.defects++
	if r.defects > MaxReasons {
		return
	}
	reason := operation.Reason{Pointer: r.pointer(where), Code: code, Message: fmt.Sprintf(format, args...)}
	if !slices.Contains(r.reasons, reason) {
		r.reasons = append(r.reasons, reason)
	}
}

func (r *Reader) pointer(where location) string {
	tokens := make([]string, 0, where.steps+1)
	for _, s := range r.path[:where.steps] {
		if s.from < 0 {
			tokens = append(tokens, strconv.Itoa(s.to))
			continue
		}
		name, ok := r.nameOf(s)
		if !ok {
			return Pointer(tokens...)
		}
		tokens = append(tokens, name)
	}
	if where.name != nil {
		tokens = append(tokens, string(where.name))
	}
	return Pointer(tokens...)
}

// nameOf returns the name of a member in the path; false if it is not valid text or too long for a
// pointer.
func (r *Reader) nameOf(s step) (string, bool) {
	if s.to-s.from > maxName {
		return "", false
	}
	_, found := scanString(r.raw, s.from-1)
	if found&^escaped != 0 {
		return "", false
	}
	return string(unescape(r.raw[s.from-1:s.to+1], found)), true
}

// maxName is the maximum length of a member's name in a pointer, in bytes.
const maxName = 256

// Pointer returns a JSON Pointer (RFC 6901). Pointers are stored and displayed, so it ends before the first name longer than
// 256 bytes and then points to the object that has the member.
func Pointer(tokens ...string) string {
	var p jsontext.Pointer
	for _, token := range tokens {
		if len(token) > maxName {
			break
		}
		p = p.AppendToken(token)
	}
	return string(p)
}

func (r *Reader) notAnObject(first byte) {
	const message = "must be an object with named members, but is "
	switch {
	case first == '[':
		r.reject(wholeRecord, NotAnObject, message+"an array")
	case first == '"':
		r.reject(wholeRecord, NotAnObject, message+"a string")
	case first == 't', first == 'f':
		r.reject(wholeRecord, NotAnObject, message+"a boolean")
	case first == 'n':
		r.reject(wholeRecord, NotAnObject, message+"null")
	case first == '-', isDigit(first):
		r.reject(wholeRecord, NotAnObject, message+"a number")
	default:
		r.malformed(r.skipSpace(0))
	}
}

// malformed adds a reason for invalid JSON and returns stop. Such a record has no structure to
// point to, so the message contains the number of the byte, counted from 1.
func (r *Reader) malformed(pos int) int {
	const message = "is not valid JSON: "
	switch {
	case pos >= len(r.raw):
		r.reject(wholeRecord, MalformedJSON, message+"it ends too early, after byte %d", len(r.raw))
	case r.raw[pos] < ' ':
		r.reject(wholeRecord, MalformedJSON, message+"byte %d is a control character", pos+1)
	default:
		r.reject(wholeRecord, MalformedJSON, message+"byte %d is not expected there", pos+1)
	}
	return stop
}

// badString adds a reason for each defect of a string and returns the position after it. subject
// begins the messages.
func (r *Reader) badString(end int, found traits, subject string) int {
	if found&invalidUTF8 != 0 {
		r.reject(r.here(), InvalidUTF8, "%s bytes that are not UTF-8", subject)
	}
	if found&loneSurrogate != 0 {
		r.reject(r.here(), LoneSurrogate, `%s half of a surrogate pair, such as \ud800 alone, which is no character`, subject)
	}
	if found&nulCharacter != 0 {
		r.reject(r.here(), NULCharacter, `%s the character \u0000, which a database cannot hold`, subject)
	}
	if found&broken != 0 {
		return r.malformed(end)
	}
	return end
}

func (r *Reader) undeclared(name []byte) {
	hint := ""
	names := r.names
	if r.sources != nil {
		names = slices.Concat(names, r.sources.paths)
	}
	for _, declared := range names {
		if len(name) <= maxName && strings.EqualFold(declared, string(name)) {
			hint = fmt.Sprintf("; did you mean %q?", declared)
		}
	}
	r.reject(r.sibling(name), UnknownMember, "member %s is not declared by the collection %q%s", quoteShort(name), r.collection, hint)
}

func (r *Reader) duplicate(name []byte) {
	r.reject(r.sibling(name), DuplicateMember, "member %s occurs more than once", quoteShort(name))
}

func (r *Reader) tooDeep() {
	r.reject(r.here(), TooDeep, "lies too deep: at most %d objects and arrays may be nested, the record itself counted", r.limits.Depth)
}

func (r *Reader) tooManyMembers() int {
	r.reject(location{steps: len(r.path) - 1}, TooManyMembers, "has an object with more than %d members", r.limits.Members)
	return stop
}

func (r *Reader) tooManyDigits() {
	r.reject(r.here(), NumberOutOfRange, "is a number with more than %d digits", maxDigits)
}

func (r *Reader) exponentBeyond() {
	r.reject(r.here(), NumberOutOfRange, "is a number whose exponent is not between -%d and %d", maxExponent, maxExponent)
}

// quoteShort quotes a name for a message and shortens a long one.
func quoteShort(name []byte) string {
	const maxShown = 64
	if len(name) <= maxShown {
		return strconv.Quote(string(name))
	}
	end := maxShown
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return strconv.Quote(string(name[:end])) + "…"
}
