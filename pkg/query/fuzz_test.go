package query_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/query"
)

// FuzzParse parses queries. A query that was accepted is the same after it was stored and read
// again, as the searcher does.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"query":"a -b \"c\"","filter":{"category":"Finance","price":{"gte":3,"lt":9.5},"url":null},"sort":["-price"],"limit":10}`,
		`{"filter":{"tags":{"contains":"a"},"category":{"in":["a","b"],"eq":"a"}}}`, `{"filter":{"a":{"eq":{}}}}`, `{"filter":{"":1}}`, `{"limit":1e3}`,
		`{"filter":{"price":{"gt":1e99999}}}`, `{"filter":{"category":"\u0000"}}`, `{"query":"` + "\xff" + `"}`, `[]`, `null`, `{"a":1,"a":2}`,
	} {
		f.Add([]byte(seed))
	}
	c := collectionOf(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		_, rest, err := query.ExtractMember(text, "collection")
		if err != nil {
			checkFault(t, text, err)
			return
		}
		q, err := query.Parse(rest, c, 100)
		if err != nil {
			checkFault(t, text, err)
			return
		}
		stored, err := json.Marshal(q)
		if err != nil {
			t.Fatalf("storing the query %s: %v", text, err)
		}
		again, err := query.Parse(stored, c, 100)
		if err != nil {
			t.Fatalf("reading the stored query %s: %v", stored, err)
		}
		restored, err := json.Marshal(again)
		if diff := cmp.Diff(string(stored), string(restored)); err != nil || diff != "" {
			t.Errorf("query %s, stored once and twice (%v):\n%s", text, err, diff)
		}
		if q.Limit < 1 || q.Limit > 100 || len(q.Text) > query.MaxText {
			t.Errorf("query %s = %+v, want it within its limits", text, q)
		}
	})
}

func checkFault(t *testing.T, text []byte, err error) {
	t.Helper()
	if !fault.Is(err, fault.Malformed) && !fault.Is(err, fault.Invalid) {
		t.Errorf("query %s: %v, want a fault of kind Malformed or Invalid", text, err)
	}
}
