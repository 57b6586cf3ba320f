package imports_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sized is a record of n bytes.
func sized(n int) string { return `{"a":"` + strings.Repeat("x", n-len(`{"a":""}`)) + `"}` }

func TestErrorsAreBoundedByNumberAndBytes(t *testing.T) {
	t.Parallel()
	const whole = 1 << 20
	for name, tt := range map[string]struct {
		rejected []string
		shown    int
	}{
		"none":                         {nil, 0},
		"as many as may be":            {[]string{sized(10), sized(10), sized(10)}, 3},
		"one too many":                 {[]string{sized(10), sized(10), sized(10), sized(10)}, 3},
		"as many bytes as may be":      {[]string{sized(whole / 2), sized(whole / 2)}, 2},
		"a byte too many":              {[]string{sized(whole / 2), sized(whole/2 + 1)}, 1},
		"the first is too large":       {[]string{sized(2 * whole), sized(10)}, 1},
		"the only one is too large":    {[]string{sized(2 * whole)}, 1},
		"a small one behind one large": {[]string{sized(10), sized(whole), sized(10)}, 1},
	} {
		r := withRejected(tt.rejected...)
		w := ask(t, r, statusPath)
		var got struct {
			Errors []json.RawMessage
			Link   string `json:"errors_link"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got.Errors) != tt.shown || r.read > tt.shown+1 || (got.Link == recordsURL) != (len(tt.rejected) > 0) {
			t.Errorf("%s: %d are shown, %d were read, the others are at %q", name, len(got.Errors), r.read, got.Link)
		}
		if says := strings.Contains(w.Body.String(), `],"errors_truncated":true,`); says != (tt.shown < len(tt.rejected)) {
			t.Errorf("%s: it is said that there are more: %t", name, says)
		}
		if strings.Contains(w.Body.String(), `"errors_truncated":false`) {
			t.Errorf("%s: truncated errors are denied", name)
		}
	}
}

// Records were rejected for being no strict JSON; they are shown as they were sent nonetheless.
func TestErrorsAreShownAsTheyWereSent(t *testing.T) {
	t.Parallel()
	for sent, shown := range map[string]string{
		`{"a":1,"a":2}`:               `{"a":1,"a":2}`,
		`{"a":"\ud800 \u0041 <\/b>"}`: `{"a":"\ud800 \u0041 <\/b>"}`,
		`{"a":1.0E+400,"b":-0}`:       `{"a":1.0E+400,"b":-0}`,
		"{\"a\":\"\xff\"}":            "{\"a\":\"\uFFFD\"}",
		"[1,\n 2]":                    `[1,2]`,
		`"text"`:                      `"text"`,
		"{\"a\":\"\u2028\"}":          "{\"a\":\"\u2028\"}",
		`{"a":"\u0000"}`:              `{"a":"\u0000"}`,
	} {
		w := ask(t, withRejected(sent), statusPath)
		_, rest, _ := strings.Cut(w.Body.String(), `"errors":[`)
		got, _, _ := strings.Cut(rest, `],"counts"`)
		if diff := cmp.Diff(shown, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", sent, diff)
		}
	}
}
