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

// The code and message of a required member that is absent.
const (
	codeRequired = "required"
	isRequired   = "is required, but missing"
)

// describe returns the code and message of an error. Codes are a part of the API and never change;
// an error without a case here has the code "schema". Messages complete a sentence that begins with
// the member's name.
func describe(k jsonschema.ErrorKind) violation {
	switch k := k.(type) {
	case *kind.Required:
		return violation{codeRequired, isRequired, k.Missing}
	case *kind.DependentRequired:
		return violation{"dependent-required", fmt.Sprintf("is required beside %s, but missing", quoteShort(k.Prop)), k.Missing}
	case *kind.AdditionalProperties:
		return violation{"unknown-member", "is not declared here", k.Properties}
	case *kind.FalseSchema:
		return violation{"not-allowed", "is not allowed here", nil}
	case *kind.Type:
		return violation{"type", fmt.Sprintf("must be %s, but is %s", typeNames(k), typeGot(k)), nil}
	case *kind.Enum:
		return violation{"enum", "must be " + alternatives(k.Want), nil}
	case *kind.Const:
		return violation{"const", "must be " + alternatives([]any{k.Want}), nil}
	case *kind.MinLength, *kind.MaxLength, *kind.Pattern, *kind.Format:
		return describeText(k)
	case *kind.Minimum, *kind.Maximum, *kind.ExclusiveMinimum, *kind.ExclusiveMaximum, *kind.MultipleOf:
		return describeNumber(k)
	case *kind.MinItems, *kind.MaxItems, *kind.MinProperties, *kind.MaxProperties, *kind.UniqueItems,
		*kind.Contains, *kind.MinContains, *kind.MaxContains:
		return describeSize(k)
	case *kind.OneOf:
		return violation{"one-of", "must conform to exactly one of the alternatives, but conforms to several", nil}
	case *kind.Not:
		return violation{"not", "must not be what the schema excludes", nil}
	default:
		return violation{unclassified, "does not conform to the collection's schema", nil}
	}
}

func describeText(k jsonschema.ErrorKind) violation {
	switch k := k.(type) {
	case *kind.MinLength:
		return violation{"too-short", fmt.Sprintf("must be at least %s long, but has %d", count(k.Want, "character"), k.Got), nil}
	case *kind.MaxLength:
		return violation{"too-long", fmt.Sprintf("must be at most %s long, but has %d", count(k.Want, "character"), k.Got), nil}
	case *kind.Pattern:
		return violation{"pattern", "must match the pattern " + shorten(k.Want), nil}
	case *kind.Format:
		return violation{"format", "must be " + formatName(k.Want), nil}
	default:
		return violation{code: unclassified}
	}
}

func describeNumber(k jsonschema.ErrorKind) violation {
	switch k := k.(type) {
	case *kind.Minimum:
		return violation{"minimum", fmt.Sprintf("must be at least %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	case *kind.Maximum:
		return violation{"maximum", fmt.Sprintf("must be at most %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	case *kind.ExclusiveMinimum:
		return violation{"exclusive-minimum", fmt.Sprintf("must be greater than %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	case *kind.ExclusiveMaximum:
		return violation{"exclusive-maximum", fmt.Sprintf("must be less than %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	case *kind.MultipleOf:
		return violation{"multiple-of", fmt.Sprintf("must be a multiple of %s, but is %s", decimal(k.Want), decimal(k.Got)), nil}
	default:
		return violation{code: unclassified}
	}
}

func describeSize(k jsonschema.ErrorKind) violation {
	switch k := k.(type) {
	case *kind.MinItems:
		return violation{"too-few-items", fmt.Sprintf("must have at least %s, but has %d", count(k.Want, "item"), k.Got), nil}
	case *kind.MaxItems:
		return violation{"too-many-items", fmt.Sprintf("must have at most %s, but has %d", count(k.Want, "item"), k.Got), nil}
	case *kind.MinProperties:
		return violation{"too-few-members", fmt.Sprintf("must have at least %s, but has %d", count(k.Want, "member"), k.Got), nil}
	case *kind.MaxProperties:
		return violation{"too-many-members", fmt.Sprintf("must have at most %s, but has %d", count(k.Want, "member"), k.Got), nil}
	case *kind.UniqueItems:
		return violation{"duplicate-items", fmt.Sprintf("must have no equal items, but those at %d and %d are, counted from 0", k.Duplicates[0], k.Duplicates[1]), nil}
	case *kind.Contains:
		return violation{"contains", "must have an item of the kind that the schema asks for", nil}
	case *kind.MinContains:
		return violation{"contains", fmt.Sprintf("must have at least %s of the kind that the schema asks for, but has %d", count(k.Want, "item"), len(k.Got)), nil}
	case *kind.MaxContains:
		return violation{"contains", fmt.Sprintf("must have at most %s of the kind that the schema asks for, but has %d", count(k.Want, "item"), len(k.Got)), nil}
	default:
		return violation{code: unclassified}
	}
}

var typeWords = map[string]string{
	"null": "null", "boolean": "a boolean", "number": "a number", "integer": "an integer",
	"string": "a string", "array": "an array", "object": "an object",
}

// typeExamples show how the values of types are written to clients that send strings, such as the cells of a CSV.
var typeExamples = map[string]string{"boolean": " (true or false)", "number": " such as 1250.5", "integer": " such as 1250"}

func typeNames(k *kind.Type) string {
	words := make([]string, len(k.Want))
	for i, name := range k.Want {
		words[i] = typeWords[name]
		if k.Got == "string" {
			words[i] += typeExamples[name]
		}
	}
	return strings.Join(words, " or ")
}

// typeGot names the type of a value. A number has a wrong type only if the schema requires an
// integer.
func typeGot(k *kind.Type) string {
	if k.Got == "number" && strings.Contains(strings.Join(k.Want, " "), "integer") {
		return "a number that is not one"
	}
	return typeWords[k.Got]
}

// alternatives lists the first few allowed values as JSON.
func alternatives(want []any) string {
	const maxListed = 10
	words := make([]string, 0, maxListed)
	for _, value := range want[:min(len(want), maxListed)] {
		text, err := json.Marshal(value)
		if err != nil {
			return "one of the values that the schema lists"
		}
		words = append(words, shorten(string(text)))
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

// formatNames describe the formats, with an example if the name is not clear enough.
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

// decimal formats a number in decimal notation without superfluous digits; a very long one is
// rounded.
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

// maxShown limits the bytes of a name, a value or a pattern in a message.
const maxShown = 64

func quoteShort(name string) string { return strconv.Quote(shorten(name)) }

func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}
