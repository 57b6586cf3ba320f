package record_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/record"
)

// reason is a pointer, a code and a message.
type reason [3]string

func toReasons(reasons []operation.Reason) []reason {
	var converted []reason
	for _, r := range reasons {
		converted = append(converted, reason{r.Pointer, r.Code, r.Message})
	}
	return converted
}

// nested returns nested arrays.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// manyMembers returns an object of n members.
func manyMembers(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"m%d":0`, i)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// The messages are literal, because users see them.
const (
	badUTF8      = "holds bytes that are not UTF-8"
	badSurrogate = `holds half of a surrogate pair, such as \ud800 alone, which is no character`
	badNUL       = `holds the character \u0000, which a database cannot hold`
	badDigits    = "is a number with more than 1000 digits"
	badExponent  = "is a number whose exponent is not between -400 and 400"
	badDepth     = "lies too deep: at most 32 objects and arrays may be nested, the record itself counted"
	badMembers   = "has an object with more than 10000 members"
)

func twice(name string) string { return fmt.Sprintf("member %q occurs more than once", name) }

func undeclared(name string) string {
	return fmt.Sprintf("member %q is not declared by the collection \"things\"", name)
}

func TestReadRejects(t *testing.T) {
	t.Parallel()
	longName := strings.Repeat("n", 257)
	tests := map[string]struct {
		raw  string
		want []reason
	}{
		"array":   {`["a","b"]`, []reason{{"", "not-an-object", "must be an object with named members, but is an array"}}},
		"string":  {` "x"`, []reason{{"", "not-an-object", "must be an object with named members, but is a string"}}},
		"number":  {`-1`, []reason{{"", "not-an-object", "must be an object with named members, but is a number"}}},
		"boolean": {`true`, []reason{{"", "not-an-object", "must be an object with named members, but is a boolean"}}},
		"null":    {`null`, []reason{{"", "not-an-object", "must be an object with named members, but is null"}}},

		"empty":                 {" ", []reason{{"", "malformed-json", "is not valid JSON: it ends too early, after byte 1"}}},
		"no-value":              {"?", []reason{{"", "malformed-json", "is not valid JSON: byte 1 is not expected there"}}},
		"truncated":             {`{"id":"x`, []reason{{"", "malformed-json", "is not valid JSON: it ends too early, after byte 8"}}},
		"trailing-comma":        {`{"id":1,}`, []reason{{"", "malformed-json", "is not valid JSON: byte 9 is not expected there"}}},
		"trailing-data":         {`{"id":1} {}`, []reason{{"", "malformed-json", "is not valid JSON: byte 10 is not expected there"}}},
		"raw-control-character": {"{\"id\":\"a\nb\"}", []reason{{"", "malformed-json", "is not valid JSON: byte 9 is a control character"}}},
		"leading-zero":          {`{"id":01}`, []reason{{"", "malformed-json", "is not valid JSON: byte 8 is not expected there"}}},
		"not-a-number":          {`{"id":NaN}`, []reason{{"", "malformed-json", "is not valid JSON: byte 7 is not expected there"}}},
		"unknown-escape":        {`{"id":"\x"}`, []reason{{"", "malformed-json", "is not valid JSON: byte 8 is not expected there"}}},

		"duplicate":             {`{"id":1,"id":1}`, []reason{{"/id", "duplicate-member", twice("id")}}},
		"duplicate-escaped":     {`{"id":1,"\u0069d":2}`, []reason{{"/id", "duplicate-member", twice("id")}}},
		"duplicate-three-times": {`{"id":1,"id":1,"id":1}`, []reason{{"/id", "duplicate-member", twice("id")}}},
		"duplicate-within":      {`{"data":{"x":[{"p":1,"q":2,"p":3}]}}`, []reason{{"/data/x/0/p", "duplicate-member", twice("p")}}},
		"duplicate-empty-name":  {`{"data":{"":1,"":2}}`, []reason{{"/data/", "duplicate-member", twice("")}}},
		"duplicate-in-pointer":  {`{"a/b~c":1,"a/b~c":2}`, []reason{{"/a~1b~0c", "duplicate-member", twice("a/b~c")}}},
		"several-duplicates":    {`{"data":{"b":1,"a":2,"c":[{"a":1}],"b":3}}`, []reason{{"/data/b", "duplicate-member", twice("b")}}},

		"undeclared":      {`{"x":1}`, []reason{{"/x", "unknown-member", undeclared("x")}}},
		"undeclared-case": {`{"ID":1}`, []reason{{"/ID", "unknown-member", undeclared("ID") + `; did you mean "id"?`}}},
		"undeclared-long-name": {`{"` + longName + `":1}`, []reason{
			{"", "unknown-member", `member "` + longName[:64] + `"… is not declared by the collection "things"`},
		}},

		"invalid-byte":               {"{\"id\":\"a\xff\"}", []reason{{"/id", "invalid-utf8", badUTF8}}},
		"encoded-surrogate":          {"{\"id\":\"\xed\xa0\x80\"}", []reason{{"/id", "invalid-utf8", badUTF8}}},
		"overlong-form":              {"{\"id\":\"\xc0\x80\"}", []reason{{"/id", "invalid-utf8", badUTF8}}},
		"cut-character":              {"{\"id\":\"\xe2\x82\"}", []reason{{"/id", "invalid-utf8", badUTF8}}},
		"invalid-byte-in-a-name":     {"{\"i\xffd\":1}", []reason{{"", "invalid-utf8", "holds a member whose name has bytes that are not UTF-8"}}},
		"invalid-byte-in-inner-name": {"{\"data\":{\"\xff\":1,\"\xfe\":2}}", []reason{{"/data", "invalid-utf8", "holds a member whose name has bytes that are not UTF-8"}}},
		"below-an-invalid-name":      {"{\"data\":{\"\xff\":\"\\u0000\"}}", []reason{{"/data", "invalid-utf8", "holds a member whose name has bytes that are not UTF-8"}, {"/data", "nul-character", badNUL}}},

		"high-surrogate":        {`{"id":"\ud800"}`, []reason{{"/id", "lone-surrogate", badSurrogate}}},
		"low-surrogate":         {`{"data":["\uDC00x"]}`, []reason{{"/data/0", "lone-surrogate", badSurrogate}}},
		"surrogates-swapped":    {`{"id":"\udc00\ud800"}`, []reason{{"/id", "lone-surrogate", badSurrogate}}},
		"surrogate-before-text": {`{"id":"\ud800\u0041"}`, []reason{{"/id", "lone-surrogate", badSurrogate}}},
		"surrogate-in-a-name":   {`{"data":{"\ud800":1}}`, []reason{{"/data", "lone-surrogate", "holds a member whose name has half of a surrogate pair, such as \\ud800 alone, which is no character"}}},

		"NUL":           {`{"id":"a\u0000b"}`, []reason{{"/id", "nul-character", badNUL}}},
		"NUL-within":    {`{"data":{"x":[1,"\u0000"]}}`, []reason{{"/data/x/1", "nul-character", badNUL}}},
		"NUL-in-a-name": {`{"data":{"a\u0000":1}}`, []reason{{"/data", "nul-character", "holds a member whose name has the character \\u0000, which a database cannot hold"}}},

		"too-many-digits":           {`{"id":` + strings.Repeat("1", 1001) + `}`, []reason{{"/id", "number-out-of-range", badDigits}}},
		"thousands-of-digits":       {`{"id":` + strings.Repeat("1", 5000) + `}`, []reason{{"/id", "number-out-of-range", badDigits}}},
		"too-many-in-a-fraction":    {`{"id":0.1` + strings.Repeat("0", 1000) + `}`, []reason{{"/id", "number-out-of-range", badDigits}}},
		"too-many-zeros":            {`{"id":0.` + strings.Repeat("0", 1000) + `}`, []reason{{"/id", "number-out-of-range", badDigits}}},
		"exponent-too-large":        {`{"id":1e401}`, []reason{{"/id", "number-out-of-range", badExponent}}},
		"exponent-too-small":        {`{"data":[1,-1e-401]}`, []reason{{"/data/1", "number-out-of-range", badExponent}}},
		"exponent-offset-by-zeros":  {`{"id":0.00001e401}`, []reason{{"/id", "number-out-of-range", badExponent}}},
		"exponent-of-zero":          {`{"id":0e401}`, []reason{{"/id", "number-out-of-range", badExponent}}},
		"leading-digit-too-high":    {`{"id":` + strings.Repeat("1", 700) + `e400}`, []reason{{"/id", "number-out-of-range", badDigits}}},
		"leading-digit-too-low":     {`{"id":0.` + strings.Repeat("0", 601) + `1e-400}`, []reason{{"/id", "number-out-of-range", badDigits}}},
		"zeros-instead-of-exponent": {`{"id":0.` + strings.Repeat("0", 1000) + `1}`, []reason{{"/id", "number-out-of-range", badDigits}}},
		"long-exponent":             {`{"id":1e` + strings.Repeat("9", 100) + `}`, []reason{{"/id", "number-out-of-range", badExponent}}},

		"too-deep":         {`{"data":` + nested(32) + `}`, []reason{{"/data" + strings.Repeat("/0", 31), "too-deep", badDepth}}},
		"far-too-deep":     {`{"data":` + nested(20000) + `}`, []reason{{"/data" + strings.Repeat("/0", 31), "too-deep", badDepth}}},
		"too-many-members": {`{"data":{"a":[` + manyMembers(10_001) + `]}}`, []reason{{"/data/a/0", "too-many-members", badMembers}}},

		"all-of-them": {
			"{\"id\":1,\"x\":2,\"id\":3,\"data\":[\"\xff\\ud800\\u0000\",1e999,{\"p\":1,\"p\":2}]}",
			[]reason{
				{"/x", "unknown-member", undeclared("x")},
				{"/id", "duplicate-member", twice("id")},
				{"/data/0", "invalid-utf8", badUTF8},
				{"/data/0", "lone-surrogate", badSurrogate},
				{"/data/0", "nul-character", badNUL},
				{"/data/1", "number-out-of-range", badExponent},
				{"/data/2/p", "duplicate-member", twice("p")},
			},
		},
		"before-invalid-json": {`{"x":1,`, []reason{
			{"/x", "unknown-member", undeclared("x")},
			{"", "malformed-json", "is not valid JSON: it ends too early, after byte 7"},
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values, reasons := record.NewReader(things(t), record.DefaultLimits()).Read([]byte(test.raw))
			if diff := cmp.Diff(test.want, toReasons(reasons)); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			if values != nil {
				t.Errorf("values = %s, want none", values)
			}
		})
	}
}
