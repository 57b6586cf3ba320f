package query

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/longshore-io/longshore/pkg/collection"
)

// accepts reports whether the property may have a value of the same type, or, for Contains, an item.
func accepts(p collection.Property, op Op, v json.RawMessage) bool {
	if op == Contains {
		items := collection.Property{Types: p.Items}
		return p.Allows("array") && acceptsType(items, typeOf(v))
	}
	return acceptsType(p, typeOf(v))
}

func acceptsType(p collection.Property, jsonType string) bool {
	if jsonType == "number" && p.Allows("integer") {
		return true // an integer can be compared with 3.5
	}
	return jsonType != "object" && p.Allows(jsonType)
}

func typeOf(v json.RawMessage) string {
	switch jsontext.Value(v).Kind() {
	case '"':
		return "string"
	case '0':
		return "number"
	case 't', 'f':
		return "boolean"
	case '[':
		return "array"
	default:
		return "object"
	}
}

// findProperty returns the member of the collection.
func findProperty(c *collection.Collection, where, member string) (collection.Property, error) {
	for _, p := range c.Properties {
		if p.Name == member {
			return p, nil
		}
	}
	return collection.Property{}, invalid(where, "%s names %q, which collection %s does not have. It has %s.",
		where, member, c.Name, strings.Join(names(c), ", ")).With("members", names(c))
}

// isComparable reports whether values of the property can be compared.
func isComparable(p collection.Property) bool {
	return len(p.Types) == 0 || slices.ContainsFunc(p.Types, func(name string) bool { return name != "object" && name != "null" })
}

func names(c *collection.Collection) []string {
	list := make([]string, len(c.Properties))
	for i, p := range c.Properties {
		list[i] = p.Name
	}
	return list
}
