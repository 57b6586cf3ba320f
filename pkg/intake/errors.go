package intake

import (
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/fault"
)

// locate adds the location in the body to a fault.
func (in *input) locate(f *fault.Fault, offset int64) *fault.Fault {
	line, column := in.lines.position(offset)
	return f.With("line", line).With("column", column).With("offset", offset)
}

func (in *input) recordTooLarge(offset int64) error {
	line, column := in.lines.position(offset)
	return in.locate(fault.New(fault.TooLarge, "record-too-large",
		"The record at line %d, column %d is larger than %d bytes. Check that it is closed properly, or make it smaller.",
		line, column, in.limits.Record), offset).With("limit", in.limits.Record)
}

func (in *input) tooDeep(offset int64) error {
	line, column := in.lines.position(offset)
	return in.locate(fault.New(fault.Malformed, "too-deep",
		"Arrays and objects are nested deeper than %d levels at line %d, column %d. Flatten the record.",
		in.limits.Depth, line, column), offset).With("limit", in.limits.Depth)
}

func (in *input) malformed(code, what, reason string, offset int64) *fault.Fault {
	line, column := in.lines.position(offset)
	return in.locate(fault.New(fault.Malformed, code,
		"The %s cannot be read at line %d, column %d: %s. Nothing was imported; correct it and send it again.",
		what, line, column, reason), offset)
}

func (in *input) malformedJSON(reason string, offset int64) *fault.Fault {
	return in.malformed("malformed-json", "JSON", reason, offset)
}

// syntaxError converts a syntax error of a JSON decoder to a fault. The decoder's offsets count from
// base; unread are its unread bytes, which begin at offset. Its own limit of nesting is 10,000, so
// its error may come after brackets that exceed our limit: these are reported as too deep, even if
// they are never closed.
func (in *input) syntaxError(err *jsontext.SyntacticError, base int64, unread []byte, offset int64) error {
	errorAt := base + err.ByteOffset
	if end := errorAt - offset; end > 0 && end < int64(len(unread)) {
		unread = unread[:end]
	}
	if bracket, deep := tooDeep(unread, in.limits.Depth); deep {
		return in.tooDeep(offset + int64(bracket))
	}
	reason := "it ends too early; it is cut off, or a bracket or a quote is not closed"
	if !errors.Is(err.Err, io.ErrUnexpectedEOF) {
		reason = strings.TrimPrefix(err.Err.Error(), "jsontext: ")
	}
	return in.malformedJSON(reason, errorAt).Because(err)
}

func emptyBody() *fault.Fault {
	return fault.New(fault.Malformed, "empty-body", "The body is empty. Send the records to import.")
}
