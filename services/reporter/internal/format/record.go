package format

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
)

// reader takes a record apart into the values of a collection's members, in their order.
type reader struct {
	places map[string]int
	source *bytes.Reader
	dec    *jsontext.Decoder
	// starts and ends are where each member's value lies in record; equal where there is none.
	starts, ends []int
}

func newReader(c *collection.Collection) *reader {
	r := &reader{
		places: make(map[string]int, len(c.Properties)), source: bytes.NewReader(nil),
		starts: make([]int, len(c.Properties)), ends: make([]int, len(c.Properties)),
	}
	r.dec = jsontext.NewDecoder(r.source)
	for i, p := range c.Properties {
		r.places[p.Name] = i
	}
	return r
}

// read finds the values of a record. Members that the collection does not declare have no column and are left out.
func (r *reader) read(record []byte) error {
	clear(r.starts)
	clear(r.ends)
	r.source.Reset(record)
	r.dec.Reset(r.source)
	if begin, err := r.dec.ReadToken(); err != nil || begin.Kind() != '{' {
		return fmt.Errorf("reading a record: it is no JSON object: %w", err)
	}
	for r.dec.PeekKind() == '"' {
		name, err := r.dec.ReadToken()
		if err != nil {
			return fmt.Errorf("reading a record: %w", err)
		}
		place, declared := r.places[name.String()]
		value, err := r.dec.ReadValue()
		if err != nil {
			return fmt.Errorf("reading a record: %w", err)
		}
		if declared {
			r.ends[place] = int(r.dec.InputOffset())
			r.starts[place] = r.ends[place] - len(value)
		}
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return fmt.Errorf("reading a record: %w", err)
	}
	return nil
}

// value returns what the record that was read holds for a member; nil for nothing and for null.
func (r *reader) value(record []byte, place int) jsontext.Value {
	value := jsontext.Value(record[r.starts[place]:r.ends[place]])
	if len(value) == 0 || value.Kind() == 'n' {
		return nil
	}
	return value
}

// text returns the text that a JSON string stands for.
func text(value jsontext.Value) (string, error) {
	unquoted, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return "", fmt.Errorf("reading a text: %w", err)
	}
	return string(unquoted), nil
}
