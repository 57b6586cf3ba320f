package google

import (
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
)

// FuzzParseFilter parses filters. An accepted filter only contains values that Postgres can
// represent, and selects the same operations when it is written twice.
func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		`kind="import" AND collection=tools`, `done=true AND state=RUNNING`, `labels.team="da\"ta" AND metadata.labels.a.b/c=d`,
		`createTime>="2026-01-31T12:00:00Z" AND create_time < "2026-02-01T00:00:00+01:00"`, `kind="x" AND kind="y"`, `done=false done=true`, ` AND `,
		"collection=\"a\x00\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseFilter(text)
		if err != nil {
			if problem := fault.Of(err); problem.Kind != fault.Malformed || !utf8.ValidString(problem.Details["at"].(string)) {
				t.Errorf("parseFilter(%q) = %v, want a fault of kind Malformed", text, err)
			}
			return
		}
		if got.empty || text == "" || 2*len(text) > maxFilter-len(" AND ") {
			return
		}
		if from := got.CreatedFrom; !from.IsZero() && (from.Year() < 1970 || from.Nanosecond()%int(time.Microsecond) != 0) {
			t.Errorf("parseFilter(%q).CreatedFrom = %v, want microseconds of a year from 1970", text, from)
		}
		again, err := parseFilter(text + " AND " + text)
		if diff := cmp.Diff(got.Filter, again.Filter); err == nil && diff != "" {
			t.Errorf("parseFilter(%q), once and twice (-once +twice):\n%s", text, diff)
		}
	})
}

// FuzzReadPageSize reads page sizes.
func FuzzReadPageSize(f *testing.F) {
	for _, seed := range []string{"", "0", "1", "+5", "-1", "2147483648", "1e3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := readPageSize(text)
		if err != nil && !fault.Is(err, fault.Malformed) {
			t.Errorf("readPageSize(%q) = %v, want a fault of kind Malformed", text, err)
		}
		if err == nil && (n < 1 || n > maxPageSize) {
			t.Errorf("readPageSize(%q) = %d, want 1 to %d", text, n, maxPageSize)
		}
		if small, bad := strconv.Atoi(text); bad == nil && small >= 1 && small <= maxPageSize && (err != nil || n != small) {
			t.Errorf("readPageSize(%q) = %d, %v, want %d, nil", text, n, err, small)
		}
	})
}
