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

// ellipsis is a member or item that allows further ones; absent stands for a header or member that
// must be missing.
const (
	ellipsis = "..."
	absent   = "{{absent}}"
)

// compareJSON lists the differences between a body and the expected JSON.
func compareJSON(expected string, body []byte, known values) []string {
	want, err := decode([]byte(expected))
	if err != nil {
		return []string{"the expected body is not JSON: " + err.Error()}
	}
	got, err := decode(body)
	if err != nil {
		return []string{"the body is not JSON: " + err.Error()}
	}
	return compareValue("$", want, got, known)
}

// decode keeps numbers as they are written: 0.0 differs from 0.
func decode(text []byte) (value any, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return value, dec.Decode(&value)
}

func compareValue(path string, want, got any, known values) []string {
	switch want := want.(type) {
	case map[string]any:
		if object, ok := got.(map[string]any); ok {
			return compareObject(path, want, object, known)
		}
	case []any:
		if array, ok := got.([]any); ok {
			return compareArray(path, want, array, known)
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
	return []string{fmt.Sprintf("%s is %v (%T), want %v", path, got, got, want)}
}

func compareObject(path string, want, got map[string]any, known values) (wrong []string) {
	_, open := want[ellipsis]
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, exists := got[name]
		switch {
		case name == ellipsis, !exists && want[name] == absent:
		case !exists:
			wrong = append(wrong, fmt.Sprintf("%s has no %s", path, name))
		default:
			wrong = append(wrong, compareValue(path+"."+name, want[name], value, known)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, expected := want[name]; !expected && !open {
			wrong = append(wrong, fmt.Sprintf("%s has the member %s, want none", path, name))
		}
	}
	return wrong
}

func compareArray(path string, want, got []any, known values) (wrong []string) {
	open := len(want) > 0 && want[len(want)-1] == ellipsis
	if open {
		want = want[:len(want)-1]
	}
	if len(got) < len(want) || len(got) > len(want) && !open {
		return []string{fmt.Sprintf("%s has %d items, want %d", path, len(got), len(want))}
	}
	for i := range want {
		wrong = append(wrong, compareValue(fmt.Sprintf("%s[%d]", path, i), want[i], got[i], known)...)
	}
	return wrong
}

// types are the checks of {{name:type}}.
var types = map[string]func(any) bool{
	"string":  func(v any) bool { _, ok := v.(string); return ok },
	"number":  func(v any) bool { _, ok := v.(json.Number); return ok },
	"integer": func(v any) bool { n, ok := v.(json.Number); return ok && !strings.ContainsAny(string(n), ".eE") },
	"decimal": func(v any) bool { n, ok := v.(json.Number); return ok && strings.Contains(string(n), ".") },
	"object":  func(v any) bool { _, ok := v.(map[string]any); return ok },
	"array":   func(v any) bool { _, ok := v.([]any); return ok },
}

// typed matches a text that is {{name:type}} and nothing else.
var typed = regexp.MustCompile(`^\{\{(\w+):(\w+)\}\}$`)

// matchValue compares a value with an expected text, which may be {{name:type}}.
func matchValue(want string, got any, known values) bool {
	if m := typed.FindStringSubmatch(want); m != nil {
		hasType, defined := types[m[2]]
		if value, exists := known[m[1]]; !defined || !hasType(got) || exists && value != fmt.Sprint(got) {
			return false
		}
		known.keep(m[1], fmt.Sprint(got))
		return true
	}
	text, ok := got.(string)
	return ok && known.match(want, text)
}
