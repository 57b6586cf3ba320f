package imports_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// record returns a record of n bytes.
func record(n int) string { return `{"a":"` + strings.Repeat("x", n-len(`{"a":""}`)) + `"}` }

func TestStatusLimitsErrors(t *testing.T) {
	t.Parallel()
	const maxBytes = 1 << 20
	for name, tt := range map[string]struct {
		rejected []string
		want     int
	}{
		"none":                    {nil, 0},
		"max number":              {[]string{record(10), record(10), record(10)}, 3},
		"over max number":         {[]string{record(10), record(10), record(10), record(10)}, 3},
		"max bytes":               {[]string{record(maxBytes / 2), record(maxBytes / 2)}, 2},
		"over max bytes":          {[]string{record(maxBytes / 2), record(maxBytes/2 + 1)}, 1},
		"first too large":         {[]string{record(2 * maxBytes), record(10)}, 1},
		"only one, too large":     {[]string{record(2 * maxBytes)}, 1},
		"small after a large one": {[]string{record(10), record(maxBytes), record(10)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFakeWithRejected(tt.rejected...)
			w := f.get(t, statusPath)
			got := edgetest.Decode[struct {
				Errors    []json.RawMessage
				Link      string `json:"errors_link"`
				Truncated *bool  `json:"errors_truncated"`
			}](t, w)
			if len(got.Errors) != tt.want {
				t.Errorf("errors = %d, want %d", len(got.Errors), tt.want)
			}
			if f.read > tt.want+1 {
				t.Errorf("read %d records, want at most %d", f.read, tt.want+1)
			}
			if hasLink := got.Link == recordsURL; hasLink != (len(tt.rejected) > 0) {
				t.Errorf("errors_link = %q, want %q if there are errors", got.Link, recordsURL)
			}
			truncated := tt.want < len(tt.rejected)
			if (got.Truncated != nil) != truncated {
				t.Errorf("errors_truncated is present: %t, want %t", got.Truncated != nil, truncated)
			}
			if strings.Contains(w.Body.String(), `],"errors_truncated":true,`) != truncated {
				t.Errorf("errors_truncated is true after errors: %t, want %t", !truncated, truncated)
			}
		})
	}
}

// Records that were rejected because they are not strict JSON are shown as they were sent.
func TestStatusErrorsVerbatim(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		`{"a":1,"a":2}`:               `{"a":1,"a":2}`,
		`{"a":"\ud800 \u0041 <\/b>"}`: `{"a":"\ud800 \u0041 <\/b>"}`,
		`{"a":1.0E+400,"b":-0}`:       `{"a":1.0E+400,"b":-0}`,
		"{\"a\":\"\xff\"}":            "{\"a\":\"\uFFFD\"}",
		"[1,\n 2]":                    `[1,2]`,
		`"text"`:                      `"text"`,
		"{\"a\":\"\u2028\"}":          "{\"a\":\"\u2028\"}",
		`{"a":"\u0000"}`:              `{"a":"\u0000"}`,
	} {
		t.Run(strings.ToValidUTF8(sent, "?"), func(t *testing.T) {
			t.Parallel()
			body := newFakeWithRejected(sent).get(t, statusPath).Body.String()
			_, rest, _ := strings.Cut(body, `"errors":[`)
			if got, _, _ := strings.Cut(rest, `],"counts"`); got != want {
				t.Errorf("errors = %s, want %s", got, want)
			}
		})
	}
}
