package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/longshore-io/longshore/pkg/collection"
)

// adapt returns the schema for records that are written in the mode: without required, but for the key, where rows
// are changed, and with the key only where they are deleted. Schemas to which the record's own leads by $ref or allOf
// are adapted too.
func adapt(document any, key []string, mode collection.WriteMode) any {
	root, isObject := document.(map[string]any)
	if !isObject {
		return document
	}
	switch mode {
	case collection.Merge, collection.Update:
		root = withoutRequired(root, root, nil, func(string) bool { return true })
	case collection.Delete:
		root = keyOnly(root, key)
	case collection.Replace, collection.Insert:
		return document
	}
	required := make([]any, len(key))
	for i, member := range key {
		required[i] = member
	}
	root["required"] = required
	return root
}

// withoutRequired returns a copy of a schema in which the members are not required for which optional returns true. The
// schema of a $ref within the file becomes a part of allOf, because others may refer to it too. followed are the
// references on the way.
func withoutRequired(root, schema map[string]any, followed []string, optional func(member string) bool) map[string]any {
	adapted := maps.Clone(schema)
	if required, ok := adapted["required"].([]any); ok {
		adapted["required"] = slices.DeleteFunc(slices.Clone(required), func(member any) bool {
			name, isText := member.(string)
			return isText && optional(name)
		})
	}
	var parts []any
	if all, ok := adapted["allOf"].([]any); ok {
		parts = slices.Clone(all)
	}
	if reference, ok := adapted["$ref"].(string); ok && !slices.Contains(followed, reference) {
		if referred, found := find(root, reference); found {
			delete(adapted, "$ref")
			parts = append(parts, referred)
			followed = append(slices.Clone(followed), reference)
		}
	}
	for i, part := range parts {
		if object, ok := part.(map[string]any); ok {
			parts[i] = withoutRequired(root, object, followed, optional)
		}
	}
	if parts != nil {
		adapted["allOf"] = parts
	}
	return adapted
}

// find returns the object to which a JSON pointer within the file leads (RFC 6901).
func find(root map[string]any, reference string) (map[string]any, bool) {
	path, ok := strings.CutPrefix(reference, "#/")
	if !ok {
		return nil, false
	}
	current := root
	for step := range strings.SplitSeq(path, "/") {
		if current, ok = current[collection.UnescapeToken(step)].(map[string]any); !ok {
			return nil, false
		}
	}
	return current, true
}

// keyOnly returns the schema with the members of the key only. Other members are allowed and not checked.
func keyOnly(root map[string]any, key []string) map[string]any {
	adapted := make(map[string]any)
	for _, kept := range []string{"$schema", "$id", "$defs", "definitions"} {
		if value, ok := root[kept]; ok {
			adapted[kept] = value
		}
	}
	properties := make(map[string]any)
	if all, ok := root["properties"].(map[string]any); ok {
		for _, member := range key {
			if schema, ok := all[member]; ok {
				properties[member] = schema
			}
		}
	}
	adapted["type"], adapted["properties"] = "object", properties
	return adapted
}
