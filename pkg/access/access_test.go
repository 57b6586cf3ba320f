package access_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/longshore-io/longshore/pkg/access"
)

func TestCollectionsAllow(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		patterns access.Collections
		allowed  []string
		refused  []string
	}{
		"none":   {nil, nil, []string{"books", ""}},
		"name":   {access.Collections{"books"}, []string{"books"}, []string{"book", "books2", "*", ""}},
		"prefix": {access.Collections{"shop-*"}, []string{"shop-", "shop-books"}, []string{"shop", "books"}},
		"all":    {access.Collections{"*"}, []string{"books", "x"}, nil},
		"two":    {access.Collections{"a", "b*"}, []string{"a", "b", "bc"}, []string{"ab", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range slices.Concat(tt.allowed, tt.refused) {
				if got, want := tt.patterns.Allow(c), slices.Contains(tt.allowed, c); got != want {
					t.Errorf("%v.Allow(%q) = %t, want %t", tt.patterns, c, got, want)
				}
			}
		})
	}
}

func TestCollectionsWithin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		inner, outer access.Collections
		want         bool
	}{
		{nil, nil, true},
		{access.Collections{"books"}, access.Collections{"books", "x"}, true},
		{access.Collections{"books"}, access.Collections{"boo*"}, true},
		{access.Collections{"books*"}, access.Collections{"boo*"}, true},
		{access.Collections{"boo*"}, access.Collections{"books*"}, false},
		{access.Collections{"books*"}, access.Collections{"books"}, false},
		{access.Collections{"*"}, access.Collections{"a*"}, false},
		{access.Collections{"a*"}, access.Collections{"*"}, true},
	} {
		t.Run(fmt.Sprint(tt.inner, tt.outer), func(t *testing.T) {
			t.Parallel()
			if got := tt.inner.Within(tt.outer); got != tt.want {
				t.Errorf("%v.Within(%v) = %t, want %t", tt.inner, tt.outer, got, tt.want)
			}
		})
	}
}

func TestParseCollectionsErrors(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"", "**", "*a", "A", "a*b", "a b", "ä"} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			if _, err := access.ParseCollections([]string{pattern}); err == nil {
				t.Errorf("ParseCollections(%q) succeeded, want an error", pattern)
			}
		})
	}
}

func TestBundleActions(t *testing.T) {
	t.Parallel()
	for _, bundle := range access.Bundles() {
		t.Run(string(bundle), func(t *testing.T) {
			t.Parallel()
			actions, err := bundle.Actions()
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range actions {
				if !a.Known() {
					t.Errorf("the bundle has the unknown action %q", a)
				}
			}
			if got, want := actions.Has(access.WriteKeys), bundle == access.Admin; got != want {
				t.Errorf("may write keys = %t, want %t", got, want)
			}
		})
	}
	viewer, _ := access.Viewer.Actions()
	importer, _ := access.Importer.Actions()
	operator, _ := access.Operator.Actions()
	if !viewer.Within(operator) || !importer.Within(operator) || operator.Within(importer) {
		t.Error("an operator must have more actions than a viewer and an importer")
	}
	if _, err := access.Bundle("root").Actions(); err == nil {
		t.Error("the bundle root exists, want an error")
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	key := access.NewSecret()
	parsed, ok := access.ParseSecret(key.Reveal())
	if !ok || parsed != key || !parsed.Matches(key.Digest()) {
		t.Errorf("ParseSecret() = %v, %t, want the key that was made", parsed, ok)
	}
	if other := access.NewSecret(); other == key || other.Matches(key.Digest()) {
		t.Error("two keys are the same")
	}
	if shown := key.String(); shown != "lsk_"+key.ID+"_…" {
		t.Errorf("a printed key = %q, want no secret", shown)
	}
	for _, text := range []string{"", "lsk_", "lsk__", key.Reveal() + "a", key.Reveal()[1:], key.Reveal() + "\n", "LSK" + key.Reveal()[3:]} {
		if _, ok := access.ParseSecret(text); ok {
			t.Errorf("ParseSecret(%q) succeeded, want no key", text)
		}
	}
}
