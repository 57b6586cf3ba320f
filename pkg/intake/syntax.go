package intake

import (
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// syntaxError makes a fault of a JSON text's first fault. The decoder's offsets count from base; held is what
// it holds, which stands at offset. Its limit of nesting is 10,000, beyond every limit of ours, so what it
// stumbled over may lie behind what we refuse: brackets that are nested too deep are reported as that, even if
// they are never closed.
func (s *source) syntaxError(err *jsontext.SyntacticError, base int64, held []byte, offset int64) error {
	at := base + err.ByteOffset
	if end := at - offset; end > 0 && end < int64(len(held)) {
		held = held[:end]
	}
	if bracket, deep := tooDeep(held, s.limits.Depth); deep {
		return s.tooDeep(offset + int64(bracket))
	}
	reason := "it ends too early; it is cut off, or a bracket or a quote is not closed"
	if !errors.Is(err.Err, io.ErrUnexpectedEOF) {
		reason = strings.TrimPrefix(err.Err.Error(), "jsontext: ")
	}
	return s.malformed("malformed-json", "JSON", reason, at).Because(err)
}
