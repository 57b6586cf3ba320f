package transcript

import (
	"regexp"
	"strings"
)

// values are the values of the placeholders by name.
type values map[string]string

// placeholder matches {{name}} and {{name~expression}}. Braces in an expression are paired, as in
// [0-9]{2}.
var placeholder = regexp.MustCompile(`\{\{(\w+)(?:~((?:\{[^{}]*\}|[^{}])*))?\}\}`)

// discarded is the name whose value is not kept.
const discarded = "_"

// fill replaces placeholders by their values. One without a value stays, so that the failing
// request shows it.
func (v values) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(match string) string {
		if value, known := v[placeholder.FindStringSubmatch(match)[1]]; known {
			return value
		}
		return match
	})
}

// match reports whether a text is the expected one, and keeps the values of placeholders without
// one.
func (v values) match(expected, text string) bool {
	var pattern strings.Builder
	var names []string
	pattern.WriteString(`(?s)\A`)
	end := 0
	for _, loc := range placeholder.FindAllStringSubmatchIndex(expected, -1) {
		pattern.WriteString(regexp.QuoteMeta(expected[end:loc[0]]))
		end = loc[1]
		name, expression := expected[loc[2]:loc[3]], ".+?"
		if loc[4] >= 0 {
			expression = expected[loc[4]:loc[5]]
		}
		if value, known := v[name]; known {
			expression = regexp.QuoteMeta(value)
		}
		pattern.WriteString("(" + strings.ReplaceAll(expression, "(", "(?:") + ")")
		names = append(names, name)
	}
	pattern.WriteString(regexp.QuoteMeta(expected[end:]) + `\z`)
	found := regexp.MustCompile(pattern.String()).FindStringSubmatch(text)
	for i := range found[min(1, len(found)):] {
		v.keep(names[i], found[i+1])
	}
	return found != nil
}

func (v values) keep(name, value string) {
	if name != discarded {
		v[name] = value
	}
}
