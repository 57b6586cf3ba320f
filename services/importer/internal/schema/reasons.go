package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/importer/internal/record"
)

// unclassified is the code of a finding whose keyword has no code of its own.
const unclassified = "schema"

// finding is what the judge found, in our terms.
type finding struct {
	code, message string
	// members are the names that the finding is about, if it is about members of the value rather than the value.
	members []string
}

// explain puts what the judge found into at most record.MaxReasons reasons. The judge walks maps, so they are sorted.
func explain(found *jsonschema.ValidationError) []operation.Reason {
	reasons := collect(nil, found)
	slices.SortFunc(reasons, func(a, b operation.Reason) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	reasons = slices.Compact(reasons)
	return slices.Clip(reasons[:min(len(reasons), record.MaxReasons)])
}

func collect(reasons []operation.Reason, found *jsonschema.ValidationError) []operation.Reason {
	switch k := found.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		return collectAll(reasons, found.Causes)
	case *kind.PropertyNames:
		// The library's location of this finding is overwritten by what it checks next, so it is not used.
		return append(reasons, operation.Reason{Code: "member-name", Message: "has a member named " + shown(k.Property) + ", a name that is not allowed there"})
	case *kind.AnyOf:
		return append(reasons, noneOf("any-of", found))
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return append(reasons, noneOf("one-of", found))
		}
	}
	f := describe(found.ErrorKind)
	if f.members == nil {
		return append(reasons, operation.Reason{Pointer: record.Pointer(found.InstanceLocation...), Code: f.code, Message: f.message})
	}
	for _, member := range f.members {
		tokens := append(slices.Clone(found.InstanceLocation), member)
		reasons = append(reasons, operation.Reason{Pointer: record.Pointer(tokens...), Code: f.code, Message: f.message})
	}
	return reasons
}

func collectAll(reasons []operation.Reason, found []*jsonschema.ValidationError) []operation.Reason {
	for _, one := range found {
		reasons = collect(reasons, one)
	}
	return reasons
}

// noneOf is the reason for a value that conforms to none of several schemas: it says what each of them missed.
func noneOf(code string, found *jsonschema.ValidationError) operation.Reason {
	const most = 4
	pointer := record.Pointer(found.InstanceLocation...)
	var misses []string
	for _, miss := range collectAll(nil, found.Causes) {
		text := miss.Message
		if within := strings.TrimPrefix(miss.Pointer, pointer); within != "" {
			text = within + " " + text
		}
		misses = append(misses, text)
	}
	slices.Sort(misses)
	misses = slices.Compact(misses)
	message := "conforms to none of the alternatives: " + strings.Join(misses[:min(len(misses), most)], "; or ")
	if len(misses) > most {
		message += "; …"
	}
	return operation.Reason{Pointer: pointer, Code: code, Message: message}
}
