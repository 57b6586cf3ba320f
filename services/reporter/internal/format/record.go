package format

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
)

// reader splits a record into the values of the collection's members.
type reader struct {
	indexes map[string]int // of a member in the collection
	source  *bytes.Reader
	dec     *jsontext.Decoder
	// starts and ends are the offsets of each member's value in the record; equal if the record
	// lacks it.
	starts, ends []int
}

func newReader(c *collection.Collection) *reader {
	r := &reader{
		indexes: make(map[string]int, len(c.Properties)), source: bytes.NewReader(nil),
		starts: make([]int, len(c.Properties)), ends: make([]int, len(c.Properties)),
	}
	r.dec = jsontext.NewDecoder(r.source)
	for i, p := range c.Properties {
		r.indexes[p.Name] = i
	}
	return r
}

// read finds the values of a record. It ignores members that the collection does not declare.
func (r *reader) read(record []byte) error {
	clear(r.starts)
	clear(r.ends)
	r.source.Reset(record)
	r.dec.Reset(r.source)
	if token, err := r.dec.ReadToken(); err != nil || token.Kind() != '{' {
		return fmt.Errorf("reading a record: not a JSON object: %w", err)
	}
	for r.dec.PeekKind() == '"' {
		name, err := r.dec.ReadToken()
		if err != nil {
			return fmt.Errorf("reading a record: %w", err)
		}
		i, declared := r.indexes[name.String()]
		value, err := r.dec.ReadValue()
		if err != nil {
			return fmt.Errorf("reading a record: %w", err)
		}
		if declared {
			r.ends[i] = int(r.dec.InputOffset())
			r.starts[i] = r.ends[i] - len(value)
		}
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return fmt.Errorf("reading a record: %w", err)
	}
	return nil
}

// value returns the value of member i in the record last read; nil if it is missing or null.
func (r *reader) value(record []byte, i int) jsontext.Value {
	value := jsontext.Value(record[r.starts[i]:r.ends[i]])
	if len(value) == 0 || value.Kind() == 'n' {
		return nil
	}
	return value
}

// text decodes a JSON string.
func text(value jsontext.Value) (string, error) {
	unquoted, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return "", fmt.Errorf("decoding a string: %w", err)
	}
	return string(unquoted), nil
}
