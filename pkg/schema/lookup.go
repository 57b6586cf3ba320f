package schema

import (
	"maps"
	"slices"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
)

// adaptToLookups returns the schema for records whose lookups are not done yet: members that lookups fill may be absent,
// and undeclared members that lookups use are allowed. It also returns which of the former are required.
func adaptToLookups(document any, c *collection.Collection) (adapted any, looked []string) {
	root, isObject := document.(map[string]any)
	if !isObject || len(c.Lookups) == 0 {
		return document, nil
	}
	root = withoutRequired(root, root, nil, func(member string) bool {
		isLooked := slices.ContainsFunc(c.Lookups, func(l collection.Lookup) bool { return l.Member == member })
		if isLooked && !slices.Contains(looked, member) {
			looked = append(looked, member)
		}
		return isLooked
	})
	properties := make(map[string]any)
	if declared, ok := root["properties"].(map[string]any); ok {
		maps.Copy(properties, declared)
	}
	for _, l := range c.Lookups {
		for _, s := range slices.Concat(l.By, l.Create) {
			for _, name := range []string{s.Path, s.Tokens()[0]} {
				if !slices.ContainsFunc(c.Properties, func(p collection.Property) bool { return p.Name == name }) {
					properties[name] = true
				}
			}
		}
	}
	root["properties"] = properties
	return root, looked
}

// RequiresLooked returns the reason to reject a record without the member, which a lookup may fill; ok is false if the
// member is not required.
func (k *Checker) RequiresLooked(member string) (reason operation.Reason, ok bool) {
	if !slices.Contains(k.looked, member) {
		return operation.Reason{}, false
	}
	return operation.Reason{Pointer: record.Pointer(member), Code: codeRequired, Message: isRequired}, true
}
