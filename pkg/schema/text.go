package schema

import (
	"bytes"
	"regexp"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// textAcceptor accepts strings. Lengths are in Unicode code points, as in JSON Schema.
type textAcceptor struct {
	min, max int
	pattern  *regexp.Regexp
	format   *formatAcceptor
}

// formatAcceptor accepts texts of one format.
type formatAcceptor struct {
	// fast accepts the common texts of the format; nil if the format has no fast check.
	fast     func(text []byte) bool
	validate func(any) error
}

func (t *textAcceptor) accepts(quoted []byte) bool {
	if !t.certainlyFits(len(quoted) - 2) {
		n := utf8.RuneCount(unquote(quoted))
		if n < t.min || n > t.max {
			return false
		}
	}
	if t.pattern == nil && t.format == nil {
		return true
	}
	text := unquote(quoted)
	return (t.pattern == nil || t.pattern.Match(text)) && (t.format == nil || t.format.accepts(text))
}

// certainlyFits checks the length by the number of bytes between the quotes. A character has from 1
// to 12 bytes; two escaped surrogates have 12.
func (t *textAcceptor) certainlyFits(size int) bool {
	const maxCharacterBytes = 12
	return size <= t.max && (size+maxCharacterBytes-1)/maxCharacterBytes >= t.min
}

func (f *formatAcceptor) accepts(text []byte) bool {
	if f.fast != nil && f.fast(text) {
		return true
	}
	return f.validate(string(text)) == nil
}

// unquote returns the text of a well-formed JSON string.
func unquote(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // well formed
	return text
}
