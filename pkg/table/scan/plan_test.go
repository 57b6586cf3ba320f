package scan_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/table/scan"
)

func TestPrepareInvalidQuery(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, goodsFile, goodsTable)
	for request, want := range map[string]string{
		`{"filter":{"rack":"x"}}`:                          `invalid input syntax for type uuid: "x"`,
		`{"filter":{"due":"2026-02-30"}}`:                  "out of range",
		`{"filter":{"mood":"mad"}}`:                        "mood",
		`{"filter":{"at":"soon"}}`:                         "timestamp",
		`{"filter":{"sizes":[["x"]]}}`:                     "integer",
		`{"filter":{"papers":"x"}}`:                        "can only be null",
		`{"filter":{"tags":{"gt":["a"]}}}`:                 "does not take gt",
		`{"sort":["raw"]}`:                                 "no order",
		`{"filter":{"rack":"'); DROP TABLE goods; --"}}`:   "invalid input syntax",
		`{"filter":{"due":{"in":["2026-01-01","x y z"]}}}`: "date",
	} {
		q, err := query.Parse(json.RawMessage(request), c, 0)
		if err == nil {
			_, err = scan.Prepare(t.Context(), db, c, q)
		}
		if f := fault.Of(err); f.Kind != fault.Invalid || !strings.Contains(f.Message, want) {
			t.Errorf("Prepare(%s) error = %v, want an invalid query with %q", request, err, want)
		}
	}
}

func TestPrepareUnfitTable(t *testing.T) {
	t.Parallel()
	db, c := newFixture(t, `{"x-longshore":{"table":"n","key":["n"]},"properties":{"n":{"type":"integer"}}}`,
		`CREATE TABLE n (n INT PRIMARY KEY)`)
	t.Run("no text column", func(t *testing.T) {
		if _, err := scan.Prepare(t.Context(), db, c, query.Query{Text: "x"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("Prepare() error = %v, want Invalid", err)
		}
	})
	wantUnavailable := func(t *testing.T, c collection.Collection, cause string) {
		t.Helper()
		_, err := scan.Prepare(t.Context(), db, &c, query.Query{})
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), cause) {
			t.Errorf("Prepare() error = %v, want Unavailable because of %q", err, cause)
		}
	}
	t.Run("no column", func(t *testing.T) {
		changed := *c
		changed.Properties = append(slices.Clone(c.Properties), collection.Property{Name: "m"})
		wantUnavailable(t, changed, `property "m" has no column`)
	})
	t.Run("no table", func(t *testing.T) {
		changed := *c
		changed.Table = "nowhere"
		wantUnavailable(t, changed, "no such table")
	})
}
