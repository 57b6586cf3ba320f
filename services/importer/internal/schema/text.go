package schema

import (
	"bytes"
	"regexp"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// textPlan accepts strings. Lengths are in Unicode code points, as JSON Schema counts them.
type textPlan struct {
	min, max int
	pattern  *regexp.Regexp
	format   *formatPlan
}

// formatPlan accepts texts of one format.
type formatPlan struct {
	// quick says yes to the usual cases at little cost; nil if there is none for the format.
	quick func(text []byte) bool
	judge func(any) error
}

func (p *textPlan) accepts(quoted []byte) bool {
	if !p.surelyFits(len(quoted) - 2) {
		n := utf8.RuneCount(unquote(quoted))
		if n < p.min || n > p.max {
			return false
		}
	}
	if p.pattern == nil && p.format == nil {
		return true
	}
	text := unquote(quoted)
	return (p.pattern == nil || p.pattern.Match(text)) && (p.format == nil || p.format.accepts(text))
}

// surelyFits judges the length by the number of bytes between the quotes. A character takes from 1 to 12 of them, the
// latter for two escaped surrogates.
func (p *textPlan) surelyFits(size int) bool {
	const mostBytes = 12
	return size <= p.max && (size+mostBytes-1)/mostBytes >= p.min
}

func (f *formatPlan) accepts(text []byte) bool {
	if f.quick != nil && f.quick(text) {
		return true
	}
	return f.judge(string(text)) == nil
}

// unquote returns the text of a well-formed JSON string.
func unquote(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // it is well formed
	return text
}
