package intake

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// ndjson reads a body of format NDJSON. Lines without a value are passed over, the last line may lack its
// newline, and space around a value, such as the carriage return before a newline, is not part of it.
type ndjson struct {
	source  *source
	scanner *bufio.Scanner
	offset  int64 // of the line after the one in hand
	broken  error // what ended the last line instead of a newline
}

func newNDJSON(s *source) *ndjson {
	n := &ndjson{source: s, scanner: bufio.NewScanner(s), offset: s.offset}
	// The source's fence ends a line that is too long; the scanner must not do so before.
	n.scanner.Buffer(make([]byte, slack), 2*(s.limits.Record+slack))
	n.scanner.Split(n.split)
	return n
}

func (n *ndjson) inRecord() bool { return true }

// split cuts a line with its newline. A line that ends because the body broke off is none.
func (n *ndjson) split(data []byte, atEnd bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if !atEnd || len(data) == 0 {
		return 0, nil, nil
	}
	if n.broken = n.source.failed(); n.broken != nil {
		return 0, nil, n.blame(data)
	}
	return len(data), data, nil
}

// blame looks whether a line is too long because brackets are opened in it without end.
func (n *ndjson) blame(line []byte) error {
	if bracket, deep := tooDeep(line, n.source.limits.Depth); deep && errors.Is(n.source.err, errFence) {
		n.broken = n.source.tooDeep(n.offset + int64(bracket))
	}
	return n.broken
}

func (n *ndjson) next() ([]byte, int64, error) {
	for n.advance() {
		line := n.scanner.Bytes()
		begin := n.offset
		n.offset += int64(len(line))
		value := bytes.TrimLeft(line, " \t\r\n")
		begin += int64(len(line) - len(value))
		value = bytes.TrimRight(value, " \t\r\n")
		if len(value) == 0 {
			continue
		}
		if !jsontext.Value(value).IsValid(lenient...) {
			return nil, 0, n.explain(value, begin)
		}
		return value, begin, nil
	}
	return nil, 0, cmp.Or(n.broken, n.source.failed(), n.scanner.Err(), io.EOF)
}

func (n *ndjson) advance() bool {
	n.source.begin(n.offset)
	return n.scanner.Scan()
}

// explain reads a faulty line once more to say what is wrong with it.
func (n *ndjson) explain(line []byte, offset int64) error {
	decoder := jsontext.NewDecoder(bytes.NewReader(line), lenient...)
	value, err := decoder.ReadValue()
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return n.source.syntaxError(syntax, offset, line, offset)
	}
	rest := bytes.TrimLeft(line[len(value):], " \t\r")
	return n.source.malformed("malformed-json", "JSON", "a line must hold exactly one value, and something follows it",
		offset+int64(len(line)-len(rest)))
}
