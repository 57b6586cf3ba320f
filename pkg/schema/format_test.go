package schema

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// libraryFormats returns the library's check of each format that has a fast one.
func libraryFormats(tb testing.TB) map[string]func(any) error {
	tb.Helper()
	checks := make(map[string]func(any) error)
	for name := range fastFormats {
		schema, err := compileSchema(drawn{"format": name})
		if err != nil {
			tb.Fatalf("compiling the format %s: %v", name, err)
		}
		checks[name] = schema.Format.Validate
	}
	return checks
}

func TestFastFormats(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ yes, no []string }{
		"uri": {
			yes: []string{
				"https://example.com", "http://example.com/", "https://tools.example.com:8443/a-b/c_d.e~f?x=1&y=2,3+4@5",
				"http://10.0.0.1?x", "https://EXAMPLE.com/A",
			},
			no: []string{
				"", "https://", "https:///x", "http://:80/", "http://a:/", "http://a:b/", "http://a:80b/", "//example.com", "example.com",
				"ftp://example.com", "http://[::1]/", "http://u@h/", "http://a b/", "http://a/ b", "http://a/%zz", "http://ä.de/", "http://a#f",
			},
		},
		"date": {
			yes: []string{"2026-01-01", "0000-12-28", "9999-12-28"},
			no:  []string{"", "2026-1-1", "2026-02-30", "2026-00-10", "2026-13-10", "2026-01-00", "2026/01/01", "20a6-01-01", "2026-01-011", "+026-01-01", "2026-01-29"},
		},
		"date-time": {
			yes: []string{"2026-01-28T00:00:00Z", "2026-01-28T23:59:59.123456789+14:00", "2026-01-28T12:30:00-23:59"},
			no: []string{
				"", "2026-01-28", "2026-01-28T12:30:00", "2026-01-28 12:30:00Z", "2026-01-28T24:00:00Z", "2026-01-28T12:60:00Z", "2026-01-28T12:30:60Z",
				"2026-01-28T12:30:00.Z", "2026-01-28T12:30:00.5", "2026-01-28T12:30:00+1:00", "2026-01-28T12:30:00+24:00", "2026-01-28T12:30:00ZZ",
				"2026-01-28T12-30:00Z", "2026-01-28T12:30-00Z", "2026-01-28T12:30:00x01:00",
			},
		},
	}
	if diff := cmp.Diff(len(fastFormats), len(tests)); diff != "" {
		t.Errorf("formats with cases (-want +got):\n%s", diff)
	}
	library := libraryFormats(t)
	for name, test := range tests {
		for _, text := range test.yes {
			if !fastFormats[name]([]byte(text)) {
				t.Errorf("fast %s(%q) = false, want true", name, text)
			}
			if err := library[name](text); err != nil {
				t.Errorf("library %s(%q) error = %v, want nil", name, text, err)
			}
		}
		for _, text := range test.no {
			if fastFormats[name]([]byte(text)) {
				t.Errorf("fast %s(%q) = true, want false", name, text)
			}
		}
	}
}

// FuzzFastFormats checks that the fast checks accept only texts that the library accepts.
func FuzzFastFormats(f *testing.F) {
	for _, seed := range []string{"https://example.com:80/a?b", "http://a", "2026-01-28", "2026-01-28T12:30:00.5+01:00", "2026-02-28T12:30:00Z"} {
		f.Add(seed)
		f.Add(strings.ToUpper(seed))
	}
	library := libraryFormats(f)
	f.Fuzz(func(t *testing.T, text string) {
		for name, fast := range fastFormats {
			if !fast([]byte(text)) {
				continue
			}
			if err := library[name](text); err != nil {
				t.Errorf("fast %s(%q) = true, want false: %v", name, text, err)
			}
		}
	})
}
