package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// describe is the table of codes. They are a part of the API and never change; what has no line here is "schema".
// Messages complete the sentence that begins with the member's name.
func describe(k jsonschema.ErrorKind) finding {
	switch k := k.(type) {
	case *kind.Required:
		return finding{"required", "is required, but missing", k.Missing}
	case *kind.DependentRequired:
		return finding{"dependent-required", fmt.Sprintf("is required beside %s, but missing", shown(k.Prop)), k.Missing}
	case *kind.AdditionalProperties:
		return finding{"unknown-member", "is not declared here", k.Properties}
	case *kind.FalseSchema:
		return finding{"not-allowed", "is not allowed here", nil}
	case *kind.Type:
		return finding{"type", fmt.Sprintf("must be %s, but is %s", typeNames(k.Want), typeGot(k)), nil}
	case *kind.Enum:
		return finding{"enum", "must be " + alternatives(k.Want), nil}
	case *kind.Const:
		return finding{"const", "must be " + alternatives([]any{k.Want}), nil}
	case *kind.MinLength, *kind.MaxLength, *kind.Pattern, *kind.Format:
		return describeText(k)
	case *kind.Minimum, *kind.Maximum, *kind.ExclusiveMinimum, *kind.ExclusiveMaximum, *kind.MultipleOf:
		return describeNumber(k)
	case *kind.MinItems, *kind.MaxItems, *kind.MinProperties, *kind.MaxProperties, *kind.UniqueItems,
		*kind.Contains, *kind.MinContains, *kind.MaxContains:
		return describeSize(k)
	case *kind.OneOf:
		return finding{"one-of", "must conform to exactly one of the alternatives, but conforms to several", nil}
	case *kind.Not:
		return finding{"not", "must not be what the schema excludes", nil}
	default:
		return finding{unclassified, "does not conform to the collection's schema", nil}
	}
}

func describeText(k jsonschema.ErrorKind) finding {
	switch k := k.(type) {
	case *kind.MinLength:
		return finding{"too-short", fmt.Sprintf("must be at least %s long, but has %d", count(k.Want, "character"), k.Got), nil}
	case *kind.MaxLength:
		return finding{"too-long", fmt.Sprintf("must be at most %s long, but has %d", count(k.Want, "character"), k.Got), nil}
	case *kind.Pattern:
		return finding{"pattern", "must match the pattern " + cut(k.Want), nil}
	case *kind.Format:
		return finding{"format", "must be " + formatName(k.Want), nil}
	default:
		return finding{code: unclassified}
	}
}

func describeNumber(k jsonschema.ErrorKind) finding {
	switch k := k.(type) {
	case *kind.Minimum:
		return finding{"minimum", fmt.Sprintf("must be at least %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	case *kind.Maximum:
		return finding{"maximum", fmt.Sprintf("must be at most %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	case *kind.ExclusiveMinimum:
		return finding{"exclusive-minimum", fmt.Sprintf("must be greater than %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	case *kind.ExclusiveMaximum:
		return finding{"exclusive-maximum", fmt.Sprintf("must be less than %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	case *kind.MultipleOf:
		return finding{"multiple-of", fmt.Sprintf("must be a multiple of %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	default:
		return finding{code: unclassified}
	}
}

func describeSize(k jsonschema.ErrorKind) finding {
	switch k := k.(type) {
	case *kind.MinItems:
		return finding{"too-few-items", fmt.Sprintf("must have at least %s, but has %d", count(k.Want, "item"), k.Got), nil}
	case *kind.MaxItems:
		return finding{"too-many-items", fmt.Sprintf("must have at most %s, but has %d", count(k.Want, "item"), k.Got), nil}
	case *kind.MinProperties:
		return finding{"too-few-members", fmt.Sprintf("must have at least %s, but has %d", count(k.Want, "member"), k.Got), nil}
	case *kind.MaxProperties:
		return finding{"too-many-members", fmt.Sprintf("must have at most %s, but has %d", count(k.Want, "member"), k.Got), nil}
	case *kind.UniqueItems:
		return finding{"duplicate-items", fmt.Sprintf("must have no equal items, but those at %d and %d are, counted from 0", k.Duplicates[0], k.Duplicates[1]), nil}
	case *kind.Contains:
		return finding{"contains", "must have an item of the kind that the schema asks for", nil}
	case *kind.MinContains:
		return finding{"contains", fmt.Sprintf("must have at least %s of the kind that the schema asks for, but has %d", count(k.Want, "item"), len(k.Got)), nil}
	case *kind.MaxContains:
		return finding{"contains", fmt.Sprintf("must have at most %s of the kind that the schema asks for, but has %d", count(k.Want, "item"), len(k.Got)), nil}
	default:
		return finding{code: unclassified}
	}
}

var typeWords = map[string]string{
	"null": "null", "boolean": "a boolean", "number": "a number", "integer": "an integer",
	"string": "a string", "array": "an array", "object": "an object",
}

func typeNames(want []string) string {
	words := make([]string, len(want))
	for i, name := range want {
		words[i] = typeWords[name]
	}
	return strings.Join(words, " or ")
}

// typeGot says what a value is. A number can only be wrong where integers are asked for.
func typeGot(k *kind.Type) string {
	if k.Got == "number" && strings.Contains(strings.Join(k.Want, " "), "integer") {
		return "a number that is not one"
	}
	return typeWords[k.Got]
}

// alternatives lists what is allowed, as JSON, and not more of it than a person reads.
func alternatives(want []any) string {
	const most = 10
	words := make([]string, 0, most)
	for _, value := range want[:min(len(want), most)] {
		text, err := json.Marshal(value)
		if err != nil {
			return "one of the values that the schema lists"
		}
		words = append(words, cut(string(text)))
	}
	switch more := len(want) - len(words); {
	case len(want) == 1:
		return words[0]
	case more > 0:
		return fmt.Sprintf("one of %s and %d more", strings.Join(words, ", "), more)
	default:
		return "one of " + strings.Join(words, ", ")
	}
}

// formatNames say what a format wants, with an example where the name does not tell.
var formatNames = map[string]string{
	"uri":           "an absolute URI, such as https://example.com/tools/1",
	"iri":           "an absolute IRI, such as https://example.com/tools/1",
	"uri-reference": "a URI or a relative reference",
	"iri-reference": "an IRI or a relative reference",
	"date-time":     "an RFC 3339 date and time, such as 2026-01-31T12:30:00Z",
	"date":          "a date, such as 2026-01-31",
	"time":          "an RFC 3339 time, such as 12:30:00Z",
	"duration":      "an ISO 8601 duration, such as P1DT12H",
	"email":         "an email address",
	"hostname":      "a host name",
	"ipv4":          "an IPv4 address",
	"ipv6":          "an IPv6 address",
	"uuid":          "a UUID, such as 123e4567-e89b-12d3-a456-426614174000",
	"json-pointer":  "a JSON Pointer, such as /items/0",
	"regex":         "a regular expression",
	"semver":        "a semantic version, such as 1.2.3",
}

func formatName(name string) string {
	if words, ok := formatNames[name]; ok {
		return words
	}
	return "of the format " + name
}

// decimal writes a number without a fraction bar or needless digits; numbers in records and schemas are decimal.
func decimal(n *big.Rat) string {
	places, _ := n.FloatPrec()
	if text := n.FloatString(places); len(text) <= maxShown {
		return text
	}
	return "about " + new(big.Float).SetRat(n).Text('g', 6)
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// maxShown is how many bytes of a name, a value or a pattern stand in a message.
const maxShown = 64

func shown(name string) string { return strconv.Quote(cut(name)) }

func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}
