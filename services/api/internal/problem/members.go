package problem

import (
	"io"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// member is a name and a value of a problem. A problem is a list of them, because people read it too, from its beginning: first what
// RFC 9457 says of every problem, then the details of this one, then what programs look for.
type member struct {
	name  string
	value any
}

// azureError is the member of Azure's guidelines.
type azureError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// sorted lists a fault's details by name.
func sorted(details map[string]any) []member {
	var list []member
	for _, name := range slices.Sorted(maps.Keys(details)) {
		list = append(list, member{name, details[name]})
	}
	return list
}

// encode writes an object of the members in their order. Bytes that are no UTF-8, as a path may hold, are replaced.
func encode(w io.Writer, members []member) error {
	enc := jsontext.NewEncoder(w, jsontext.AllowInvalidUTF8(true))
	if err := enc.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range members {
		if err := enc.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(enc, m.value, jsontext.AllowInvalidUTF8(true)); err != nil {
			return err
		}
	}
	return enc.WriteToken(jsontext.EndObject)
}
