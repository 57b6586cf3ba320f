package intake

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// values is the format of JSON objects that follow each other without being an array or one on each line: one object
// alone, objects that are indented, and NDJSON whose line ends were lost.
const values Format = "values"

// beginning is the beginning of a body in UTF-8, without its byte order mark.
type beginning struct {
	text []byte
	// whole reports whether it is all of the body.
	whole bool
}

// detect returns the format in which a body is read. It is the declared one, unless the beginning shows another that
// cannot be mistaken for it. The error is a fault that says what the body is, if it is nothing that is read.
func (m Media) detect(b beginning, c *collection.Collection) (Format, error) {
	b.text = bytes.TrimLeft(b.text, " \t\r\n")
	if err := checkForeign(b.text); err != nil {
		return "", err
	}
	if len(b.text) == 0 {
		return m.orElse(CSV), nil // its reader returns the error
	}
	switch first := b.text[0]; {
	case first == '[':
		return m.detectArray(b), nil
	case first == '{':
		return m.detectObject(b, c), nil
	case m.Format == JSON && looksLikeTable(b.text, c):
		return "", fault.New(fault.Malformed, "malformed-json", "The body is not JSON: it looks like CSV. Send it with Content-Type: text/csv.")
	case m.Format != "":
		return m.Format, nil
	case looksLikeTable(b.text, c):
		return CSV, nil
	}
	return "", m.unrecognized(b)
}

// orElse returns the declared format, or another one if none is.
func (m Media) orElse(other Format) Format {
	if m.Format == "" {
		return other
	}
	return m.Format
}

func (m Media) unrecognized(b beginning) error {
	if m.form && b.whole && !bytes.ContainsAny(b.text, "\r\n") {
		return unsupportedType("The body is declared as a form, as curl -d does, which also removes line ends. " +
			"Send a file with -H 'Content-Type: text/csv' --data-binary @file.")
	}
	return unsupportedType("The Content-Type does not name the format of the body, and its beginning does not show it.")
}

// looksLikeTable reports whether the first row has the name of a member, or is a line such as "sep=;".
func looksLikeTable(text []byte, c *collection.Collection) bool {
	if _, found := sepLine(text); found {
		return true
	}
	d := detectDelimiter(text, '"', c)
	return countMembers(splitOutsideQuotes(firstRow(text, '"'), d.char, '"'), c) > 0
}

// detectArray returns the format of a body that begins with a bracket. NDJSON may have arrays as lines; then the first
// line is complete and another one follows.
func (m Media) detectArray(b beginning) Format {
	if m.Format == JSON {
		return JSON
	}
	line, rest := b.firstLine()
	complete := jsontext.Value(line).IsValid(lenient...)
	switch {
	case m.Format == CSV && !complete && !isJSONStart(b.text):
		return CSV
	case complete && len(rest) > 0:
		return NDJSON
	}
	return JSON
}

// isJSONStart reports whether a text that begins with a bracket or a brace is JSON rather than the name of a column.
func isJSONStart(text []byte) bool {
	rest := bytes.TrimLeft(text[1:], " \t\r\n")
	return len(rest) > 0 && bytes.IndexByte([]byte(`{["]}`), rest[0]) >= 0
}

// firstLine returns the first line, and what follows without the white space around.
func (b beginning) firstLine() (line, rest []byte) {
	line, rest, _ = bytes.Cut(b.text, []byte("\n"))
	return bytes.TrimRight(line, " \t\r"), bytes.TrimSpace(rest)
}

// detectObject returns the format of a body that begins with a brace.
func (m Media) detectObject(b beginning, c *collection.Collection) Format {
	if m.Format == CSV && !isJSONStart(b.text) {
		return CSV
	}
	o := readObject(b.text)
	line, rest := b.firstLine()
	switch lineComplete := jsontext.Value(line).IsValid(lenient...); {
	case o.wrapper && (m.Format != NDJSON || !declares(c, dataMember)):
		return JSON
	case lineComplete && (m.Format == NDJSON || len(rest) > 0 && rest[0] == '{'):
		return NDJSON
	case m.Format == NDJSON && o.complete && bytes.ContainsAny(b.text, "\r\n") && lineIsWrong(line):
		return NDJSON // its reader says where; without line ends, curl -d may have removed them
	case o.complete && (o.follows == '{' || m.Format == NDJSON):
		return values
	case o.complete && o.follows == 0 && b.whole && o.knows(c):
		return values
	case m.Format == NDJSON && len(rest) == 0, m.Format == "" && !bytes.Contains(b.text, []byte("\n")):
		return NDJSON
	case m.Format == NDJSON && !lineIsWrong(line):
		return values
	}
	return m.orElse(JSON).orJSON()
}

// orJSON returns JSON for a body that is declared as CSV and is none.
func (f Format) orJSON() Format {
	if f == CSV {
		return JSON
	}
	return f
}

// lineIsWrong reports whether a line is no beginning of a JSON value.
func lineIsWrong(line []byte) bool {
	_, err := jsontext.NewDecoder(bytes.NewReader(line), lenient...).ReadValue()
	return !errors.Is(err, io.ErrUnexpectedEOF)
}

// object is what is known of the first object of a body.
type object struct {
	// wrapper reports whether it has the member "data" with an array.
	wrapper bool
	// complete reports whether its end was found. Then follows is the next byte that is no white space; 0 if there is
	// none.
	complete bool
	follows  byte
	names    []string
}

// readObject reads the object at the beginning of a text, as far as the text has it.
func readObject(text []byte) (o object) {
	d := jsontext.NewDecoder(bytes.NewReader(text), lenient...)
	if _, err := d.ReadToken(); err != nil {
		return o
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return o
		}
		o.names = append(o.names, name.String())
		if name.String() == dataMember && d.PeekKind() == '[' {
			o.wrapper = true
			return o
		}
		if d.SkipValue() != nil {
			return o
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return o
	}
	o.complete = true
	if rest := bytes.TrimSpace(text[d.InputOffset():]); len(rest) > 0 {
		o.follows = rest[0]
	}
	return o
}

// knows reports whether the object has a member of the collection.
func (o object) knows(c *collection.Collection) bool {
	for _, name := range o.names {
		if declares(c, name) {
			return true
		}
	}
	return false
}

func declares(c *collection.Collection, name string) bool {
	for _, p := range c.Properties {
		if p.Name == name {
			return true
		}
	}
	return false
}
