package collection_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
)

// keyless returns the file of a collection without a key and with other options.
func keyless(options string) []byte {
	return []byte(`{"x-longshore":{"table":"audit",` + options + `},"properties":{"who":{}}}`)
}

func TestParseKeyless(t *testing.T) {
	t.Parallel()
	for options, want := range map[string]string{
		`"write":"insert","ordering":"none"`:                             `""`,
		`"write":"insert","ordering":"none","key":[],"verbs":["import"]`: `""`,
		`"ordering":"none"`:                                              `"write": "insert" and "ordering": "none"`,
		`"write":"merge","ordering":"none"`:                              `"write": "insert" and "ordering": "none"`,
		`"write":"insert"`:                                               `"write": "insert" and "ordering": "none"`,
		`"write":"insert","ordering":"none","onExisting":"skip"`:         "x-longshore.onExisting needs x-longshore.key",
		`"write":"insert","ordering":"none","verbs":["import","search"]`: "x-longshore.verbs can name only import",
		`"write":"insert","ordering":"none","verbs":["export"]`:          "x-longshore.verbs can name only import",
	} {
		got := `""`
		if _, err := collection.Parse("audit", keyless(options)); err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("Parse(%s) error = %s, want %s", options, got, want)
		}
	}
}

// TestKeylessUse: a collection without a key takes imports that append, and nothing else.
func TestKeylessUse(t *testing.T) {
	t.Parallel()
	c, err := collection.Parse("audit", keyless(`"write":"insert","ordering":"none"`))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Require(collection.Import); err != nil {
		t.Errorf("Require(import) = %v, want no error", err)
	}
	for _, v := range []collection.Verb{collection.Search, collection.Export} {
		if err := c.Require(v); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "has no key") {
			t.Errorf("Require(%s) = %v, want a conflict that says that there is no key", v, err)
		}
	}
	for request, allowed := range map[collection.Writing]bool{
		{}: true, {Mode: collection.Insert}: true, {Unknown: collection.IgnoreUnknown}: true, {OnExisting: collection.RejectExisting}: true,
		{OnExisting: collection.SkipExisting}: false, {Mode: collection.Replace}: false, {Mode: collection.Delete}: false,
	} {
		if _, err := c.WritingFor(request); (err == nil) != allowed {
			t.Errorf("WritingFor(%+v) = %v, want allowed: %t", request, err, allowed)
		}
	}
}
