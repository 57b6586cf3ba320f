package intake_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	for _, test := range []bodyTest{
		{name: "seed", body: `{"data":[{"id":"1"},{"id":"2"}]}`, records: []string{`{"id":"1"}`, `{"id":"2"}`}},
		{name: "bare", body: `[{"id":"1"},{"id":"2"}]`, records: []string{`{"id":"1"}`, `{"id":"2"}`}},
		{
			name: "bytes-as-received", body: "[ {\"id\" : \"\\u0031\",\n \"x\":1.50e+2} ]",
			records: []string{"{\"id\" : \"\\u0031\",\n \"x\":1.50e+2}"},
		},
		{name: "byte-order-mark", body: "\ufeff[1]", records: []string{"1"}},
		{name: "space-around", body: " \r\n\t[1]\n ", records: []string{"1"}},
		{name: "other-members", body: `{"a":{"data":[9]},"b":[[1]],"data":[1,2],"c":"x","d":null}`, records: []string{"1", "2"}},
		{name: "escaped-name", body: `{"d\u0061ta":[1]}`, records: []string{"1"}},
		{name: "any-value", body: `[null,true,"x",-0.5e9,[]]`, records: []string{"null", "true", `"x"`, "-0.5e9", "[]"}},
		{
			name: "too-many", body: "[1,2,3,4,5,6]", records: []string{"1", "2", "3", "4", "5"},
			problem: (&problem{Kind: fault.TooLarge, Code: "too-many-records"}).with("limit", 5),
		},
		{
			name:    "errors-in-records",
			body:    "[{\"a\":1,\"a\":2},\"\xff\",\"\\ud800\",\"\\u0000\",1e99999]",
			records: []string{`{"a":1,"a":2}`, "\"\xff\"", `"\ud800"`, `"\u0000"`, "1e99999"},
		},
		{name: "duplicate-other-member", body: `{"a":1,"a":2,"data":[1]}`, records: []string{"1"}},

		{name: "empty", body: "", problem: &problem{Kind: fault.Malformed, Code: "empty-body"}},
		{name: "byte-order-mark-only", body: "\ufeff", problem: &problem{Kind: fault.Malformed, Code: "empty-body"}},
		{name: "space-only", body: " \n ", problem: &problem{Kind: fault.Malformed, Code: "empty-body"}},
		{name: "no-records", body: "[]", problem: &problem{Kind: fault.Invalid, Code: "no-records"}},
		{name: "no-records-in-object", body: `{"data":[ ]}`, problem: &problem{Kind: fault.Invalid, Code: "no-records"}},
		{name: "utf-16", body: "\xff\xfe[\x00]\x00", problem: &problem{Kind: fault.Invalid, Code: "no-records"}},
		{name: "utf-16-big", body: "\xfe\xff\x00[\x001\x00]", records: []string{"1"}},
		{name: "utf-16-without-mark", body: "[\x00]\x00", problem: (&problem{Kind: fault.Malformed, Code: "not-utf8"}).with("encoding", "utf-16le")},

		{name: "null", body: "null", problem: malformedJSON(1, 1, 0)},
		{name: "scalar", body: " \"data\"", problem: malformedJSON(1, 2, 1)},
		{name: "no-data", body: `{"records":[]}`, problem: malformedJSON(1, 14, 13)},
		{name: "case-of-data", body: `{"Data":[1]}`, problem: malformedJSON(1, 12, 11)},
		{name: "data-is-object", body: "{\n \"data\": {}}", problem: malformedJSON(2, 10, 11)},
		{name: "data-is-null", body: `{"data":null}`, problem: malformedJSON(1, 9, 8)},
		{name: "data-twice", body: "{\"data\":[1],\n\"data\":[2]}", records: []string{"1"}, problem: malformedJSON(2, 1, 13)},
		{name: "object-for-name", body: `{"data":[1],{}:1}`, records: []string{"1"}, problem: malformedJSON(1, 13, 12)},
		{name: "two-values", body: "[1]\n[2]", records: []string{"1"}, problem: malformedJSON(2, 1, 4)},
		{name: "trailing-word", body: "[1] x", records: []string{"1"}, problem: malformedJSON(1, 5, 4)},
		{name: "trailing-bracket", body: "[1]]", records: []string{"1"}, problem: malformedJSON(1, 4, 3)},
		{name: "trailing-comma", body: "[1,\n]", records: []string{"1"}, problem: malformedJSON(1, 3, 2).in(2)},
		{name: "byte-order-mark-is-no-column", body: "\ufeff[1 2]", records: []string{"1"}, problem: malformedJSON(1, 4, 6).in(2)},
		{name: "no-comma", body: "[{\"a\":1}\n{\"b\":2}]", records: []string{`{"a":1}`}, problem: malformedJSON(2, 1, 9).in(2)},
		{name: "single-quotes", body: "[{'a':1}]", problem: malformedJSON(1, 3, 2).in(1)},
		{name: "comment", body: "[1, // one\n2]", records: []string{"1"}, problem: malformedJSON(1, 5, 4).in(2)},
		{name: "not-a-number", body: "[NaN]", problem: malformedJSON(1, 2, 1).in(1)},
		{name: "leading-zero", body: "[01]", records: []string{"0"}, problem: malformedJSON(1, 3, 2).in(2)},
		{name: "control-character", body: "[\"a\nb\"]", problem: malformedJSON(1, 4, 3).in(1)},
		{name: "bad-escape", body: `["a\x"]`, problem: malformedJSON(1, 4, 3).in(1)},
		{name: "cut-in-a-record", body: "[{\"a\":1},\n{\"a\":", records: []string{`{"a":1}`}, problem: malformedJSON(2, 6, 15).in(2)},
		{name: "cut-between", body: "[1,2", records: []string{"1", "2"}, problem: malformedJSON(1, 5, 4).in(3)},
		{name: "cut-after-records", body: `{"data":[1]`, records: []string{"1"}, problem: malformedJSON(1, 12, 11)},
		{name: "cut-before-records", body: `{"dat`, problem: malformedJSON(1, 6, 5)},
		{name: "bad-literal", body: "nul", problem: malformedJSON(1, 4, 3)},
		{
			name:    "pretty-printed",
			body:    "{\n  \"data\": [\n    {\n      \"id\": \"1\"\n    },\n    {\n      \"id\": 1e\n    }\n  ]\n}",
			records: []string{"{\n      \"id\": \"1\"\n    }"},
			problem: malformedJSON(7, 15, 63).in(2),
		},

		{name: "deepest", body: `[[[{}]]]`, records: []string{`[[{}]]`}},
		{name: "brackets-in-strings", body: `["[[[[[\"{{{{{"]`, records: []string{`"[[[[[\"{{{{{"`}},
		{name: "many-brackets", body: `[[[],[],[],{},{}]]`, records: []string{`[[],[],[],{},{}]`}},
		{name: "too-deep", body: "[1,\n[[[[]]]]]", records: []string{"1"}, problem: tooDeep(2, 4, 7).in(2)},
		{name: "too-deep-and-cut", body: `[{"a":{"b":{"c":[`, problem: tooDeep(1, 17, 16).in(1)},
		{name: "too-deep-in-other-member", body: `{"x":[[[[1]]]],"data":[1]}`, problem: tooDeep(1, 9, 8)},
		{name: "too-deep-after-records", body: `{"data":[1],"x":[[[[1]]]]}`, records: []string{"1"}, problem: tooDeep(1, 20, 19)},
		{name: "syntax-before-depth", body: `[[x,[[[[[[`, problem: malformedJSON(1, 3, 2).in(1)},

		{name: "largest", body: `["` + strings.Repeat("x", 198) + `"]`, records: []string{`"` + strings.Repeat("x", 198) + `"`}},
		{name: "too-large", body: "[1,\n \"" + strings.Repeat("x", 199) + "\"]", records: []string{"1"}, problem: tooLarge(2, 2, 5).in(2)},
		{name: "endless-string", body: `[1,"` + strings.Repeat("x", 200_000), records: []string{"1"}, problem: tooLarge(1, 4, 3).in(2)},
		{name: "endless-string-in-other-member", body: `{"x":"` + strings.Repeat("x", 200_000), problem: tooLarge(1, 6, 5)},
		{name: "endless-name", body: `{"` + strings.Repeat("x", 200_000), problem: tooLarge(1, 2, 1)},
		{name: "long-other-member", body: `{"x":[` + strings.Repeat("1,", 100_000) + `1],"data":[1]}`, records: []string{"1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, media(t, "application/json"), small)
		})
	}
}

func malformedJSON(line int, column, offset int64) *problem {
	return at(fault.Malformed, "malformed-json", line, column, offset)
}

func tooDeep(line int, column, offset int64) *problem {
	return at(fault.Malformed, "too-deep", line, column, offset).with("limit", 3)
}

func tooLarge(line int, column, offset int64) *problem {
	return at(fault.TooLarge, "record-too-large", line, column, offset).with("limit", 200)
}
