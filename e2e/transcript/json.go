package transcript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// more in an object or an array lets it hold more than is written; absent is what must not be there, a header or a member.
const (
	more   = "..."
	absent = "{{absent}}"
)

// compareJSON lists where a body is not the JSON that is written.
func compareJSON(written string, body []byte, known values) []string {
	want, err := decode([]byte(written))
	if err != nil {
		return []string{"what is written is no JSON: " + err.Error()}
	}
	got, err := decode(body)
	if err != nil {
		return []string{"the body is no JSON: " + err.Error()}
	}
	return compareValue("$", want, got, known)
}

// decode keeps numbers as they are written: 0.0 is not 0.
func decode(text []byte) (value any, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return value, dec.Decode(&value)
}

func compareValue(at string, want, got any, known values) []string {
	switch want := want.(type) {
	case map[string]any:
		if object, ok := got.(map[string]any); ok {
			return compareObject(at, want, object, known)
		}
	case []any:
		if array, ok := got.([]any); ok {
			return compareArray(at, want, array, known)
		}
	case string:
		if want != absent && matchValue(want, got, known) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %v (%T), not %v", at, got, got, want)}
}

func compareObject(at string, want, got map[string]any, known values) (wrong []string) {
	_, open := want[more]
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, there := got[name]
		switch {
		case name == more, !there && want[name] == absent:
		case !there:
			wrong = append(wrong, fmt.Sprintf("%s has no %s", at, name))
		default:
			wrong = append(wrong, compareValue(at+"."+name, want[name], value, known)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, written := want[name]; !written && !open {
			wrong = append(wrong, fmt.Sprintf("%s has a member %s", at, name))
		}
	}
	return wrong
}

func compareArray(at string, want, got []any, known values) (wrong []string) {
	open := len(want) > 0 && want[len(want)-1] == more
	if open {
		want = want[:len(want)-1]
	}
	if len(got) < len(want) || len(got) > len(want) && !open {
		return []string{fmt.Sprintf("%s has %d items, not %d", at, len(got), len(want))}
	}
	for i := range want {
		wrong = append(wrong, compareValue(fmt.Sprintf("%s[%d]", at, i), want[i], got[i], known)...)
	}
	return wrong
}

// types are what {{name:type}} can ask for.
var types = map[string]func(any) bool{
	"string":  func(v any) bool { _, ok := v.(string); return ok },
	"number":  func(v any) bool { _, ok := v.(json.Number); return ok },
	"integer": func(v any) bool { n, ok := v.(json.Number); return ok && !strings.ContainsAny(string(n), ".eE") },
	"decimal": func(v any) bool { n, ok := v.(json.Number); return ok && strings.Contains(string(n), ".") },
	"object":  func(v any) bool { _, ok := v.(map[string]any); return ok },
	"array":   func(v any) bool { _, ok := v.([]any); return ok },
}

// typed is {{name:type}}, and nothing else.
var typed = regexp.MustCompile(`^\{\{(\w+):(\w+)\}\}$`)

// matchValue compares a value with a text that may ask for a type.
func matchValue(want string, got any, known values) bool {
	if m := typed.FindStringSubmatch(want); m != nil {
		is, there := types[m[2]]
		if value, met := known[m[1]]; !there || !is(got) || met && value != fmt.Sprint(got) {
			return false
		}
		known.keep(m[1], fmt.Sprint(got))
		return true
	}
	text, ok := got.(string)
	return ok && known.match(want, text)
}
