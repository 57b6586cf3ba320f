package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
)

// unclassified is the code of a violation whose keyword has no code of its own.
const unclassified = "schema"

// violation is an error of the library with our code and message.
type violation struct {
	code, message string
	// members are the names of the invalid members; nil if the value itself is invalid.
	members []string
}

// explain converts the library's errors to at most record.MaxReasons reasons. It sorts them,
// because the library iterates over maps.
func explain(invalid *jsonschema.ValidationError) []operation.Reason {
	reasons := collect(nil, invalid)
	slices.SortFunc(reasons, func(a, b operation.Reason) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	reasons = slices.Compact(reasons)
	return slices.Clip(reasons[:min(len(reasons), record.MaxReasons)])
}

func collect(reasons []operation.Reason, invalid *jsonschema.ValidationError) []operation.Reason {
	switch k := invalid.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		return collectAll(reasons, invalid.Causes)
	case *kind.PropertyNames:
		// The library overwrites the location of this error during later checks, so it is not used.
		return append(reasons, operation.Reason{Code: "member-name", Message: "has a member named " + quoteShort(k.Property) + ", a name that is not allowed there"})
	case *kind.AnyOf:
		return append(reasons, noneOf("any-of", invalid))
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return append(reasons, noneOf("one-of", invalid))
		}
	}
	v := describe(invalid.ErrorKind)
	if v.members == nil {
		return append(reasons, operation.Reason{Pointer: record.Pointer(invalid.InstanceLocation...), Code: v.code, Message: v.message})
	}
	for _, member := range v.members {
		tokens := append(slices.Clone(invalid.InstanceLocation), member)
		reasons = append(reasons, operation.Reason{Pointer: record.Pointer(tokens...), Code: v.code, Message: v.message})
	}
	return reasons
}

func collectAll(reasons []operation.Reason, causes []*jsonschema.ValidationError) []operation.Reason {
	for _, cause := range causes {
		reasons = collect(reasons, cause)
	}
	return reasons
}

// noneOf returns the reason for a value that conforms to none of several schemas. Its message
// contains the messages of the first few of them.
func noneOf(code string, invalid *jsonschema.ValidationError) operation.Reason {
	const maxShownReasons = 4
	pointer := record.Pointer(invalid.InstanceLocation...)
	var messages []string
	for _, reason := range collectAll(nil, invalid.Causes) {
		text := reason.Message
		if within := strings.TrimPrefix(reason.Pointer, pointer); within != "" {
			text = within + " " + text
		}
		messages = append(messages, text)
	}
	slices.Sort(messages)
	messages = slices.Compact(messages)
	message := "conforms to none of the alternatives: " + strings.Join(messages[:min(len(messages), maxShownReasons)], "; or ")
	if len(messages) > maxShownReasons {
		message += "; …"
	}
	return operation.Reason{Pointer: pointer, Code: code, Message: message}
}
