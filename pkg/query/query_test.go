package query_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/query"
)

const goods = `{"x-longshore":{"table":"goods","key":["id"]},"type":"object","properties":{
  "id":{"type":"string"},"price":{"type":["number","null"]},"count":{"type":"integer"},"sold":{"type":"boolean"},
  "tags":{"type":"array","items":{"type":"string"}},"papers":{"type":["object","null"]},"any":{}}}`

func collectionOf(tb testing.TB) *collection.Collection {
	tb.Helper()
	c, err := collection.Parse("goods", []byte(goods))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestParse(t *testing.T) {
	t.Parallel()
	const text = `{"query":" red \"wine\" ","filter":{"price":{"gte":3.10,"lt":9},"id":"a","sold":true,"count":{"in":[1,2]},
	  "papers":null,"tags":{"contains":"x"},"any":["p","q"]},"sort":["-price","id"],"limit":7}`
	got, err := query.Parse(json.RawMessage(text), collectionOf(t), 50)
	if err != nil {
		t.Fatal(err)
	}
	values := func(texts ...string) (raw []json.RawMessage) {
		for _, text := range texts {
			raw = append(raw, json.RawMessage(text))
		}
		return raw
	}
	want := query.Query{
		Text: `red "wine"`, Sort: []string{"-price", "id"}, Limit: 7,
		Filter: query.Filter{
			{"price", query.AtLeast, values("3.10")},
			{"price", query.Less, values("9")},
			{"id", query.Equal, values(`"a"`)},
			{"sold", query.Equal, values("true")},
			{"count", query.In, values("1", "2")},
			{"papers", query.Absent, nil},
			{"tags", query.Contains, values(`"x"`)},
			{"any", query.Equal, values(`["p","q"]`)},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse() (-want +got):\n%s", diff)
	}
	encoded, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var again query.Query
	if err := json.Unmarshal(encoded, &again); err != nil {
		t.Fatalf("decoding %s: %v", encoded, err)
	}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("decoded from %s (-want +got):\n%s", encoded, diff)
	}
}

func TestParseLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text      string
		max, want int
	}{{`{}`, 1000, query.DefaultLimit}, {`{}`, 5, 5}, {`{"limit":5}`, 5, 5}, {`{}`, 0, 0}, {`{"limit":100000000}`, 0, 100_000_000}} {
		got, err := query.Parse(json.RawMessage(tt.text), collectionOf(t), tt.max)
		if err != nil || got.Limit != tt.want {
			t.Errorf("limit of %s with the maximum %d = %d, %v, want %d, nil", tt.text, tt.max, got.Limit, err, tt.want)
		}
	}
}

// TestParseEscapedBackslash: an escaped backslash before u0000 is no NUL.
func TestParseEscapedBackslash(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"query":"C:\\u0000x"}`, `{"filter":{"id":"C:\\u0000x"}}`} {
		if _, err := query.Parse(json.RawMessage(text), collectionOf(t), 50); err != nil {
			t.Errorf("Parse(%s) = %v, want nil", text, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	c := collectionOf(t)
	for _, tt := range []struct {
		text    string
		kind    fault.Kind
		message string // a part of it
	}{
		{``, fault.Malformed, "JSON object"},
		{`[]`, fault.Malformed, "JSON object"},
		{`{"query":`, fault.Malformed, "no strict JSON"},
		{`{"query":"a","query":"b"}`, fault.Malformed, "no strict JSON"},
		{"{\"query\":\"\xff\"}", fault.Malformed, "no strict JSON"},
		{`{"order":[]}`, fault.Malformed, `no member "order"`},
		{`{"query":7}`, fault.Malformed, "query has the wrong type"},
		{`{"limit":"7"}`, fault.Malformed, "limit has the wrong type"},
		{`{"limit":1.5}`, fault.Malformed, "limit has the wrong type"},
		{`{"sort":"id"}`, fault.Malformed, "sort has the wrong type"},
		{`{"filter":[]}`, fault.Malformed, "filter must be an object"},
		{`{"filter":{"id":{"like":"a"}}}`, fault.Malformed, `"like" is no comparison`},
		{`{"filter":{"id":{}}}`, fault.Malformed, "filter.id is an empty object"},
		{`{"filter":{"id":{"in":[]}}}`, fault.Malformed, "filter.id.in must be an array"},
		{`{"filter":{"id":{"in":"a"}}}`, fault.Malformed, "filter.id.in must be an array"},
		{`{"filter":{"id":{"in":[null]}}}`, fault.Malformed, "must not be null"},
		{`{"filter":{"id":{"gt":null}}}`, fault.Malformed, "must not be null"},
		{`{"filter":{"id":"a","id":"b"}}`, fault.Malformed, "no strict JSON"},
		{`{"limit":0}`, fault.Invalid, "from 1 to 50"},
		{`{"limit":51}`, fault.Invalid, "from 1 to 50"},
		{`{"query":"a\u0000"}`, fault.Invalid, "NUL"},
		{`{"query":"` + strings.Repeat("x", query.MaxText+1) + `"}`, fault.Invalid, "at most 1000 bytes"},
		{`{"sort":["name"]}`, fault.Invalid, `sort names "name", which collection goods does not have. It has id, price`},
		{`{"sort":["id","-id"]}`, fault.Invalid, `sort names "id" twice`},
		{`{"sort":["papers"]}`, fault.Invalid, "objects have no order"},
		{`{"filter":{"name":"x"}}`, fault.Invalid, `filter names "name"`},
		{`{"filter":{"id":7}}`, fault.Invalid, "filter.id.eq does not take number: the member is string"},
		{`{"filter":{"price":{"gt":"7"}}}`, fault.Invalid, "filter.price.gt does not take string"},
		{`{"filter":{"sold":"true"}}`, fault.Invalid, "filter.sold.eq does not take string"},
		{`{"filter":{"tags":{"contains":1}}}`, fault.Invalid, "filter.tags.contains"},
		{`{"filter":{"id":{"contains":"a"}}}`, fault.Invalid, "filter.id.contains"},
		{`{"filter":{"papers":7}}`, fault.Invalid, "filter.papers can only be null"},
		{`{"filter":{"id":"\u0000"}}`, fault.Invalid, "NUL"},
		{`{"filter":{"id":{"in":["a","\\\u0000"]}}}`, fault.Invalid, "NUL"},
		{`{"filter":{"price":1e1000}}`, fault.Invalid, "too many digits"},
		{`{"filter":{"price":` + strings.Repeat("9", 61) + `}}`, fault.Invalid, "too many digits"},
		{`{"filter":{"id":"` + strings.Repeat("x", query.MaxValueBytes) + `"}}`, fault.Invalid, "longer than"},
		{`{"filter":{"count":{"in":[` + strings.Repeat("1,", query.MaxValues) + `1]}}}`, fault.Invalid, "at most 1000 values"},
	} {
		_, err := query.Parse(json.RawMessage(tt.text), c, 50)
		if f := fault.Of(err); err == nil || f.Kind != tt.kind || !strings.Contains(f.Message, tt.message) {
			t.Errorf("Parse(%.80s) = %v, want a fault with %q", tt.text, err, tt.message)
		}
	}
}

func TestExtractMember(t *testing.T) {
	t.Parallel()
	value, rest, err := query.ExtractMember(json.RawMessage(`{"limit": 7, "collection": "goods", "filter": {"b":1, "a":2}}`), "collection")
	if err != nil || string(value) != `"goods"` || string(rest) != `{"filter":{"b":1,"a":2},"limit":7}` {
		t.Errorf("ExtractMember() = %s, %s, %v, want the member and the rest", value, rest, err)
	}
	if value, _, err := query.ExtractMember(json.RawMessage(`{}`), "collection"); err != nil || value != nil {
		t.Errorf("ExtractMember() of an absent member = %s, %v, want nil, nil", value, err)
	}
	for _, text := range []string{``, `null`, `[]`, `7`, `{`, `{"a":1,"a":2}`, `{} {}`} {
		if _, _, err := query.ExtractMember(json.RawMessage(text), "a"); !fault.Is(err, fault.Malformed) {
			t.Errorf("ExtractMember(%s) = %v, want a fault of kind Malformed", text, err)
		}
	}
}
