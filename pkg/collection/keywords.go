package collection

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The keywords of JSON Schema (2020-12 and those of earlier drafts), by what their values are.
var (
	// plainKeywords have no schemas in them.
	plainKeywords = strings.Fields("$schema $id id $ref $anchor $dynamicRef $dynamicAnchor $recursiveRef $recursiveAnchor $vocabulary $comment type enum const" +
		" multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems uniqueItems maxContains minContains" +
		" maxProperties minProperties required dependentRequired format contentEncoding contentMediaType title description default deprecated" +
		" readOnly writeOnly examples")
	// schemaKeywords have one schema, or a list of schemas.
	schemaKeywords = strings.Fields("items prefixItems additionalItems unevaluatedItems contains additionalProperties unevaluatedProperties propertyNames" +
		" allOf anyOf oneOf not if then else contentSchema")
	// namedKeywords have schemas by name.
	namedKeywords = strings.Fields("properties patternProperties dependentSchemas dependencies $defs definitions")
	allKeywords   = slices.Concat(plainKeywords, schemaKeywords, namedKeywords)

	// foreignKeywords are keywords of others that resemble one of JSON Schema and have no effect.
	foreignKeywords = strings.Fields("example enumNames enumDescriptions externalDocs discriminator xml errorMessage errorMessages")
)

// The formats that are checked, and those that are not, but common: they describe numbers, or texts for
// which generators of schemas have a type.
var (
	checkedFormats = strings.Fields("date date-time time duration email hostname ipv4 ipv6 uri uri-reference uri-template iri iri-reference uuid" +
		" json-pointer relative-json-pointer regex period semver")
	uncheckedFormats = strings.Fields("int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 float double decimal integer number boolean byte binary password" +
		" idn-email idn-hostname path file-path directory-path json-string ipvanyaddress ipvanyinterface ipvanynetwork ipv4network ipv6network" +
		" ipv4interface ipv6interface multi-host-uri base64 base64url cidrv4 cidrv6 cuid cuid2 ulid xid ksuid nanoid jwt emoji e164 char" +
		" partial-date-time time-span phone color")
)

// maxNesting limits how deep schemas are nested, so that reading them takes little time; a schema in a schema is
// two levels deeper at most.
const maxNesting = 200

var errNesting = errors.New("the schema is nested too deep: use $ref")

// checkSchema returns an error for each keyword that seems to be misspelt, each unknown format and each regular
// expression that cannot be used, with its place in the file as a JSON Pointer.
func checkSchema(file []byte) error { return checkKeywords("", file) }

func checkKeywords(at string, schema json.RawMessage) error {
	object, ok := decode[map[string]json.RawMessage](schema)
	if !ok {
		return nil
	}
	if strings.Count(at, "/") > maxNesting {
		return fmt.Errorf("%s: %w", at, errNesting)
	}
	var errs []error
	for _, name := range sortedNames(object) {
		value, inner := object[name], at+"/"+escapeToken(name)
		switch {
		case name == "format" || name == "pattern":
			errs = append(errs, checkText(inner, name, value))
		case slices.Contains(plainKeywords, name):
		case slices.Contains(schemaKeywords, name):
			errs = append(errs, checkSchemas(inner, value))
		case slices.Contains(namedKeywords, name):
			errs = append(errs, checkNamed(inner, name, value))
		default:
			errs = append(errs, checkUnknown(at, name))
		}
	}
	return errors.Join(errs...)
}

// checkSchemas checks a schema or a list of schemas.
func checkSchemas(at string, value json.RawMessage) error {
	list, ok := decode[[]json.RawMessage](value)
	if !ok {
		return checkKeywords(at, value)
	}
	var errs []error
	for i, schema := range list {
		errs = append(errs, checkKeywords(fmt.Sprintf("%s/%d", at, i), schema))
	}
	return errors.Join(errs...)
}

// checkNamed checks schemas by name. The names of patternProperties are regular expressions.
func checkNamed(at, keyword string, value json.RawMessage) error {
	schemas, _ := decode[map[string]json.RawMessage](value)
	var errs []error
	for _, name := range sortedNames(schemas) {
		inner := at + "/" + escapeToken(name)
		if keyword == "patternProperties" {
			errs = append(errs, checkPattern(inner, name))
		}
		errs = append(errs, checkKeywords(inner, schemas[name]))
	}
	return errors.Join(errs...)
}

// checkText checks the value of format or pattern. The compiler of the schema rejects one that is no string.
func checkText(at, keyword string, value json.RawMessage) error {
	text, ok := decode[string](value)
	switch {
	case !ok:
		return nil
	case keyword == "pattern":
		return checkPattern(at, text)
	}
	if slices.Contains(checkedFormats, text) || slices.Contains(uncheckedFormats, text) {
		return nil
	}
	remedy := "leave it out, or use one of " + strings.Join(checkedFormats, ", ")
	if near, ok := Nearest(text, checkedFormats); ok {
		remedy = fmt.Sprintf("did you mean %q?", near)
	}
	return fmt.Errorf("%s: there is no format %q, so that it would check nothing: %s", at, text, remedy)
}

func checkPattern(at, pattern string) error {
	if _, err := regexp.Compile(pattern); err != nil {
		return fmt.Errorf("%s: the regular expression %q cannot be used (%w): write it in the syntax of RE2, which has no lookahead,"+
			" no lookbehind and no references to groups", at, pattern, err)
	}
	return nil
}

// checkUnknown returns an error if an unknown keyword would have no effect and seems to be meant as another.
func checkUnknown(at, name string) error {
	if at == "" && name == "x-longshore" || slices.Contains(foreignKeywords, name) {
		return nil
	}
	if name == "nullable" {
		return fmt.Errorf(`%s: nullable has no effect in JSON Schema: add "null" to type`, at)
	}
	if near, ok := Nearest(name, allKeywords); ok {
		return fmt.Errorf("%s: %q is no keyword of JSON Schema: did you mean %q?", orRoot(at), name, near)
	}
	return nil
}

// decode decodes a value of a type; ok is false for a value of another type.
func decode[T any](value json.RawMessage) (decoded T, ok bool) {
	ok = json.Unmarshal(value, &decoded) == nil
	return decoded, ok
}

func orRoot(at string) string {
	if at == "" {
		return "the schema"
	}
	return at
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// escapeToken returns a name as a token of a JSON Pointer.
func escapeToken(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }
