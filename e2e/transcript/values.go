package transcript

import (
	"regexp"
	"strings"
)

// values are what names stand for.
type values map[string]string

// placeholder is {{name}} or {{name~expression}}. An expression's braces come in pairs, as in [0-9]{2}.
var placeholder = regexp.MustCompile(`\{\{(\w+)(?:~((?:\{[^{}]*\}|[^{}])*))?\}\}`)

// nameless is the name whose value nobody keeps.
const nameless = "_"

// fill puts values in the place of names. A name without a value stays, and can be seen in what fails then.
func (v values) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(one string) string {
		if value, known := v[placeholder.FindStringSubmatch(one)[1]]; known {
			return value
		}
		return one
	})
}

// match reports whether a text is as written, and keeps the values of the names that it meets for the first time.
func (v values) match(written, given string) bool {
	var pattern strings.Builder
	var names []string
	pattern.WriteString(`(?s)\A`)
	rest := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(written, -1) {
		pattern.WriteString(regexp.QuoteMeta(written[rest:at[0]]))
		rest = at[1]
		name, expression := written[at[2]:at[3]], ".+?"
		if at[4] >= 0 {
			expression = written[at[4]:at[5]]
		}
		if value, known := v[name]; known {
			expression = regexp.QuoteMeta(value)
		}
		pattern.WriteString("(" + strings.ReplaceAll(expression, "(", "(?:") + ")")
		names = append(names, name)
	}
	pattern.WriteString(regexp.QuoteMeta(written[rest:]) + `\z`)
	found := regexp.MustCompile(pattern.String()).FindStringSubmatch(given)
	for i := range found[min(1, len(found)):] {
		v.keep(names[i], found[i+1])
	}
	return found != nil
}

func (v values) keep(name, value string) {
	if name != nameless {
		v[name] = value
	}
}
