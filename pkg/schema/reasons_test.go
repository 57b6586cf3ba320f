package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/record"
)

// reason is a pointer, a code and a message. The messages are literal, because users see them.
type reason [3]string

func TestCheckRejectsTools(t *testing.T) {
	t.Parallel()
	const rest = `"tool_name":"n","category":"c"`
	tests := map[string]struct {
		raw  string
		want []reason
	}{
		"missing": {`{"tool_name":"n"}`, []reason{
			{"/category", "required", "is required, but missing"},
			{"/tool_id", "required", "is required, but missing"},
		}},
		"too-long":          {`{"tool_id":"` + strings.Repeat("a", 70) + `",` + rest + `}`, []reason{{"/tool_id", "too-long", "must be at most 64 characters long, but has 70"}}},
		"counted-in-runes":  {`{"tool_id":"` + strings.Repeat(`\u00e4`, 65) + `",` + rest + `}`, []reason{{"/tool_id", "too-long", "must be at most 64 characters long, but has 65"}}},
		"too-short":         {`{"tool_id":"",` + rest + `}`, []reason{{"/tool_id", "too-short", "must be at least 1 character long, but has 0"}}},
		"null":              {`{"tool_id":null,` + rest + `}`, []reason{{"/tool_id", "type", "must be a string, but is null"}}},
		"number":            {`{"tool_id":1,` + rest + `}`, []reason{{"/tool_id", "type", "must be a string, but is a number"}}},
		"item":              {`{"tool_id":"1","features":["a",true,{}],` + rest + `}`, []reason{{"/features/1", "type", "must be a string, but is a boolean"}, {"/features/2", "type", "must be a string, but is an object"}}},
		"items":             {`{"tool_id":"1","features":[` + strings.Repeat(`"a",`, 100) + `"a"],` + rest + `}`, []reason{{"/features", "too-many-items", "must have at most 100 items, but has 101"}}},
		"relative-address":  {`{"tool_id":"1","url":"/tools/1",` + rest + `}`, []reason{{"/url", "format", "must be an absolute URI, such as https://example.com/tools/1"}}},
		"malformed-address": {`{"tool_id":"1","url":"http://[::1",` + rest + `}`, []reason{{"/url", "format", "must be an absolute URI, such as https://example.com/tools/1"}}},
		"several": {`{"tool_id":"","features":"a",` + rest + `}`, []reason{
			{"/features", "type", "must be an array, but is a string"},
			{"/tool_id", "too-short", "must be at least 1 character long, but has 0"},
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []reason
			for _, r := range check(t, tools(t), test.raw) {
				got = append(got, reason{r.Pointer, r.Code, r.Message})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckRejectsOrders(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 100)
	// Each case is the members beside the required ones.
	tests := map[string]reason{
		`"total":-0.01`:                  {"/total", "minimum", "must be at least 0, but is -0.01"},
		`"total":1e6`:                    {"/total", "exclusive-maximum", "must be less than 1000000, but is 1000000"},
		`"total":0.001`:                  {"/total", "multiple-of", "must be a multiple of 0.01, but is 0.001"},
		`"total":"1"`:                    {"/total", "type", "must be a number such as 1250.5, but is a string"},
		`"discount":0`:                   {"/discount", "exclusive-minimum", "must be greater than 0, but is 0"},
		`"discount":-1e300`:              {"/discount", "exclusive-minimum", "must be greater than 0, but is about -1e+300"},
		`"paid":"yes"`:                   {"/paid", "type", "must be a boolean (true or false), but is a string"},
		`"state":"lost"`:                 {"/state", "enum", `must be one of "new", "sent", null`},
		`"currency":"USD"`:               {"/currency", "const", `must be "EUR"`},
		`"code":"abc"`:                   {"/code", "pattern", "must match the pattern ^[A-Z]{3}-[0-9]+$"},
		`"code":1`:                       {"/code", "type", "must be null or a string, but is a number"},
		`"tags":[]`:                      {"/tags", "too-few-items", "must have at least 1 item, but has 0"},
		`"tags":["a","b","a"]`:           {"/tags", "duplicate-items", "must have no equal items, but those at 0 and 2 are, counted from 0"},
		`"tags":["too long"]`:            {"/tags/0", "too-long", "must be at most 5 characters long, but has 8"},
		`"address":{}`:                   {"/address/city", "required", "is required, but missing"},
		`"address":{"city":"K"}`:         {"/address/city", "too-short", "must be at least 2 characters long, but has 1"},
		`"address":{"city":"Ulm","x":1}`: {"/address/x", "unknown-member", "is not declared here"},
		`"address":{"city":"Ulm","` + strings.Repeat(long, 3) + `":1}`: {"/address", "unknown-member", "is not declared here"},
		`"address":{"city":"Ulm","zip/code":"12"}`:                     {"/address/zip~1code", "too-long", "must be at most 1 character long, but has 2"},
		`"contact":17`:                {"/contact", "any-of", "conforms to none of the alternatives: must be a string, but is a number; or must be null, but is a number"},
		`"contact":"x"`:               {"/contact", "any-of", "conforms to none of the alternatives: must be an email address; or must be null, but is a string"},
		`"extra":{}`:                  {"/extra", "too-few-members", "must have at least 1 member, but has 0"},
		`"extra":{"x":1,"y":2,"z":3}`: {"/extra", "too-many-members", "must have at most 2 members, but has 3"},
		`"extra":{"` + long + `":1}`:  {"", "member-name", `has a member named "` + long[:64] + `…", a name that is not allowed there`},
		`"extra":{"a":1}`:             {"/extra/b", "dependent-required", `is required beside "a", but missing`},
		`"extra":{"no":1}`:            {"/extra/no", "not-allowed", "is not allowed here"},
		`"extra":{"not":"x"}`:         {"/extra/not", "not", "must not be what the schema excludes"},
		`"extra":{"one":3}`:           {"/extra/one", "one-of", "must conform to exactly one of the alternatives, but conforms to several"},
		`"extra":{"has":[2]}`:         {"/extra/has", "contains", "must have an item of the kind that the schema asks for"},
		`"extra":{"has":[1,1,1]}`:     {"/extra/has", "contains", "must have at most 2 items of the kind that the schema asks for, but has 3"},
		`"extra":{"two":[1,2]}`:       {"/extra/two", "contains", "must have at least 2 items of the kind that the schema asks for, but has 1"},
		`"extra":{"all":"b"}`:         {"/extra/all", "pattern", "must match the pattern ^a"},
	}
	for members, want := range tests {
		t.Run(members, func(t *testing.T) {
			t.Parallel()
			var got []reason
			for _, r := range check(t, orders(t), `{"number":1,"placed_at":"2026-01-01T00:00:00Z",`+members+`}`) {
				got = append(got, reason{r.Pointer, r.Code, r.Message})
			}
			if diff := cmp.Diff([]reason{want}, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckRejectsRequiredOrders(t *testing.T) {
	t.Parallel()
	tests := map[string]reason{
		`{"number":1.5,"placed_at":"2026-01-01T00:00:00Z"}`:              {"/number", "type", "must be an integer, but is a number that is not one"},
		`{"number":0,"placed_at":"2026-01-01T00:00:00Z"}`:                {"/number", "minimum", "must be at least 1, but is 0"},
		`{"number":9007199254740992,"placed_at":"2026-01-01T00:00:00Z"}`: {"/number", "maximum", "must be at most 9007199254740991, but is 9007199254740992"},
		`{"number":1,"placed_at":"2026-02-30T00:00:00Z"}`:                {"/placed_at", "format", "must be an RFC 3339 date and time, such as 2026-01-31T12:30:00Z"},
		`{"number":1,"placed_at":"yesterday"}`:                           {"/placed_at", "format", "must be an RFC 3339 date and time, such as 2026-01-31T12:30:00Z"},
	}
	for raw, want := range tests {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			var got []reason
			for _, r := range check(t, orders(t), raw) {
				got = append(got, reason{r.Pointer, r.Code, r.Message})
			}
			if diff := cmp.Diff([]reason{want}, got); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckLimitsReasons(t *testing.T) {
	t.Parallel()
	raw := `{"tool_id":"1","tool_name":"n","category":"c","features":[` + strings.Repeat("1,", 99) + `1]}`
	if got := check(t, tools(t), raw); len(got) != record.MaxReasons {
		t.Errorf("Check() = %d reasons, want %d", len(got), record.MaxReasons)
	}
}

func TestCheckLimitsAlternatives(t *testing.T) {
	t.Parallel()
	var values []string
	for i := range 12 {
		values = append(values, fmt.Sprintf("%q", strings.Repeat("v", i)))
	}
	c := parse(t, "many", `{"x-longshore": {"table": "t", "key": ["id"]}, "properties": {"id": {"enum": [`+strings.Join(values, ",")+`]}}}`)
	got := check(t, c, `{"id":"x"}`)
	if len(got) != 1 || !strings.HasSuffix(got[0].Message, `"vvvvvvvvv" and 2 more`) {
		t.Errorf("Check() = %v, want one reason that ends after ten alternatives", got)
	}
}
