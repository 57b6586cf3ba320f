package scan

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// selectRecord returns the SQL of the members of a record, in the order of the collection.
func (p *Plan) selectRecord() string {
	list := make([]string, len(p.columns))
	for i, c := range p.columns {
		list[i] = c.json()
	}
	return strings.Join(list, ", ")
}

// record returns the object with the members' JSON texts, without those that are NULL.
func (p *Plan) record(values [][]byte) []byte {
	size := 2
	for i, v := range values {
		size += len(p.columns[i].label) + len(v) + 1
	}
	object := append(make([]byte, 0, size), '{')
	for i, v := range values {
		if v == nil {
			continue
		}
		if len(object) > 1 {
			object = append(object, ',')
		}
		object = append(object, p.columns[i].label...)
		object = append(object, onOneLine(v)...)
	}
	return append(object, '}')
}

// onOneLine removes the line breaks from a JSON text. A column of type JSON may have them between
// its values.
func onOneLine(v []byte) []byte {
	if !bytes.ContainsAny(v, "\n\r") {
		return v
	}
	compact := jsontext.Value(bytes.Clone(v))
	if err := compact.Compact(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return v // Postgres returns valid JSON only
	}
	return compact
}

func texts(values [][]byte) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// nullableTexts converts values to texts; nil is NULL.
func nullableTexts(values [][]byte) []*string {
	list := make([]*string, len(values))
	for i, v := range values {
		if v != nil {
			list[i] = new(string(v))
		}
	}
	return list
}
