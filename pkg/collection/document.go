package collection

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// document is the part of a collection's file that says how records are written: what is not JSON Schema, and
// whether undeclared members are allowed.
type document struct {
	Longshore struct {
		Table    string   `json:"table"`
		Role     string   `json:"role"`
		Verbs    []Verb   `json:"verbs"`
		Key      []string `json:"key"`
		Ordering Ordering `json:"ordering"`

		Write      string `json:"write"`
		OnExisting string `json:"onExisting"`

		UnknownMembers string `json:"unknownMembers"`

		Lookups map[string]json.RawMessage `json:"lookups"`

		Round               bool `json:"round"`
		HideTriggerMessages bool `json:"hideTriggerMessages"`
	} `json:"x-longshore"`

	AdditionalProperties json.RawMessage `json:"additionalProperties"`
}

// withoutMark removes the byte order mark with which some editors begin a file.
func withoutMark(file []byte) []byte { return bytes.TrimPrefix(file, []byte("\ufeff")) }

// checkOptions returns an error for each member of x-longshore that does not exist.
func checkOptions(file []byte) error {
	var given struct {
		Longshore map[string]json.RawMessage `json:"x-longshore"`
	}
	if err := json.Unmarshal(file, &given); err != nil {
		return err
	}
	var known []string
	for option := range reflect.TypeFor[document]().Field(0).Type.Fields() {
		name, _, _ := strings.Cut(option.Tag.Get("json"), ",")
		known = append(known, name)
	}
	var errs []error
	for _, name := range sortedNames(given.Longshore) {
		if slices.Contains(known, name) {
			continue
		}
		remedy := "it has " + strings.Join(known, ", ")
		if near, ok := Nearest(name, known); ok {
			remedy = fmt.Sprintf("did you mean %q?", near)
		}
		errs = append(errs, fmt.Errorf("x-longshore has no member %q: %s", name, remedy))
	}
	return errors.Join(errs...)
}
