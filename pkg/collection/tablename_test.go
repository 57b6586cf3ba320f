package collection_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
)

func TestParseTable(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 63)
	for text, want := range map[string][]string{
		"books": {"books"}, "public.books": {"public", "books"}, "Public.Books": {"public", "books"}, `"Order Items"`: {"Order Items"},
		`sales."Order"`: {"sales", "Order"}, `"a""b"."c.d"`: {`a"b`, "c.d"}, `"select"`: {"select"}, "_x$1": {"_x$1"}, "größe": {"größe"}, long: {long},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			if got, err := collection.ParseTable(text); err != nil || !slices.Equal(got, want) {
				t.Errorf("ParseTable(%s) = %q, %v, want %q", text, got, err, want)
			}
		})
	}
	for _, text := range []string{"", ".", "a.", ".a", "a.b.c", "a b", "a;b", `"a`, `"a"b`, `""`, "1a", "$a", long + "x", "a\x00", "a-b", `a"b`} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			if got, err := collection.ParseTable(text); err == nil {
				t.Errorf("ParseTable(%q) = %q, want an error", text, got)
			}
		})
	}
}
