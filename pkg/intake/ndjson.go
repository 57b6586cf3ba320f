package intake

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// ndjsonParser parses a body of format NDJSON. It skips blank lines and the space around a value,
// such as the carriage return before a newline. The last line needs no newline.
type ndjsonParser struct {
	input   *input
	scanner *bufio.Scanner
	offset  int64 // of the line after the current one
	failure error // why the last line ended without a newline
}

func newNDJSONParser(in *input) *ndjsonParser {
	p := &ndjsonParser{input: in, scanner: bufio.NewScanner(in), offset: in.offset}
	// The input's limit must apply before the scanner's.
	p.scanner.Buffer(make([]byte, slack), 2*(in.limits.Record+slack))
	p.scanner.Split(p.split)
	return p
}

func (p *ndjsonParser) inRecord() bool { return true }

// split returns a line with its newline. A line that ends because the input failed is not returned.
func (p *ndjsonParser) split(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if !atEOF || len(data) == 0 {
		return 0, nil, nil
	}
	if p.failure = p.input.failure(); p.failure != nil {
		p.checkDepth(data)
		return 0, nil, p.failure
	}
	return len(data), data, nil
}

// checkDepth replaces the failure of a line that is too large because its brackets are nested
// without end.
func (p *ndjsonParser) checkDepth(line []byte) {
	if bracket, deep := tooDeep(line, p.input.limits.Depth); deep && errors.Is(p.input.err, errRecordTooLarge) {
		p.failure = p.input.tooDeep(p.offset + int64(bracket))
	}
}

func (p *ndjsonParser) next() ([]byte, int64, error) {
	for p.scan() {
		line := p.scanner.Bytes()
		valueAt := p.offset
		p.offset += int64(len(line))
		value := bytes.TrimLeft(line, " \t\r\n")
		valueAt += int64(len(line) - len(value))
		value = bytes.TrimRight(value, " \t\r\n")
		if len(value) == 0 {
			continue
		}
		if !jsontext.Value(value).IsValid(lenient...) {
			return nil, 0, p.lineError(value, valueAt)
		}
		return value, valueAt, nil
	}
	return nil, 0, cmp.Or(p.failure, p.input.failure(), p.scanner.Err(), io.EOF)
}

func (p *ndjsonParser) scan() bool {
	p.input.beginRecord(p.offset)
	return p.scanner.Scan()
}

// lineError parses an invalid line again to find its error.
func (p *ndjsonParser) lineError(line []byte, offset int64) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(line), lenient...)
	value, err := decoder.ReadValue()
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(syntax.Err, io.ErrUnexpectedEOF) {
			if _, deep := tooDeep(line, p.input.limits.Depth); !deep {
				return p.input.malformedJSON("the value does not end on its line; each record must stand on one line", offset+syntax.ByteOffset)
			}
		}
		return p.input.syntaxError(syntax, offset, line, offset)
	}
	rest := bytes.TrimLeft(line[len(value):], " \t\r")
	return p.input.malformedJSON("a line must hold exactly one value, and something follows it", offset+int64(len(line)-len(rest)))
}
