package problem

import (
	"io"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// member is one member of a problem. A problem is an ordered list of members, because people read it
// from the start: first the members of RFC 9457, then the details, then the members for programs.
type member struct {
	name  string
	value any
}

// azureError is the "error" member of Azure's REST guidelines.
type azureError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// sortedMembers returns a fault's details, sorted by name.
func sortedMembers(details map[string]any) []member {
	var list []member
	for _, name := range slices.Sorted(maps.Keys(details)) {
		list = append(list, member{name, details[name]})
	}
	return list
}

// encode writes the members as a JSON object. It replaces invalid UTF-8, which a path may contain.
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
