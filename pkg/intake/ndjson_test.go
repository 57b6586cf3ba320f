package intake_test

import (
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/fault"
)

func TestNDJSON(t *testing.T) {
	t.Parallel()
	for _, test := range []bodyTest{
		{name: "lines", body: "{\"a\":1}\n[2]\n3\n", records: []string{`{"a":1}`, "[2]", "3"}},
		{name: "no-last-newline", body: "1\n2", records: []string{"1", "2"}},
		{name: "carriage-returns", body: "1\r\n2\r\n", records: []string{"1", "2"}},
		{name: "blank-lines", body: "\n \t\n1\n\r\n\n2\n\n", records: []string{"1", "2"}},
		{name: "space-around", body: "  {\"a\" : 1} \t\n", records: []string{`{"a" : 1}`}},
		{name: "byte-order-mark", body: "\ufeff1\n2", records: []string{"1", "2"}},
		{
			name: "errors-in-records", body: "{\"a\":1,\"a\":2}\n\"\xff\"\n\"\\ud800\"\n1e99999",
			records: []string{`{"a":1,"a":2}`, "\"\xff\"", `"\ud800"`, "1e99999"},
		},
		{name: "largest", body: `"` + strings.Repeat("x", 198) + "\"\n", records: []string{`"` + strings.Repeat("x", 198) + `"`}},
		{name: "many-blank-lines", body: strings.Repeat("\n", 300_000) + "1", records: []string{"1"}},

		{name: "empty", body: "", problem: &problem{Kind: fault.Malformed, Code: "empty-body"}},
		{name: "no-records", body: "\n\n", problem: &problem{Kind: fault.Invalid, Code: "no-records"}},
		{
			name: "too-many", body: "1\n2\n3\n4\n5\n6", records: []string{"1", "2", "3", "4", "5"},
			problem: (&problem{Kind: fault.TooLarge, Code: "too-many-records"}).with("limit", 5),
		},
		{name: "utf-16", body: "\xff\xfe1\x00", records: []string{"1"}},
		{name: "two-values", body: "1\n\n {} {}\n", records: []string{"1"}, problem: malformedJSON(3, 5, 7).in(2)},
		{name: "comma-after-value", body: "1,\n2\n", problem: malformedJSON(1, 2, 1).in(1)},
		{name: "value-over-two-lines", body: "1\n{\"a\":\n1}\n", records: []string{"1"}, problem: malformedJSON(2, 6, 7).in(2)},
		{name: "string-over-two-lines", body: "\"a\nb\"\n", problem: malformedJSON(1, 3, 2).in(1)},
		{name: "cut", body: "1\n{\"a\":1", records: []string{"1"}, problem: malformedJSON(2, 7, 8).in(2)},
		{name: "column-after-byte-order-mark", body: "\ufeff 1 x", problem: malformedJSON(1, 4, 6).in(1)},
		{name: "word", body: "1\r\n  {\"a\":yes}\r\n", records: []string{"1"}, problem: malformedJSON(2, 8, 10).in(2)},
		{name: "too-deep", body: "1\n[[[[]]]]", records: []string{"1"}, problem: tooDeep(2, 4, 5).in(2)},
		{name: "too-deep-and-cut", body: "1\n" + strings.Repeat("[", 199), records: []string{"1"}, problem: tooDeep(2, 4, 5).in(2)},
		{name: "too-large", body: "1\n  \"" + strings.Repeat("x", 199) + "\"\n2", records: []string{"1"}, problem: tooLarge(2, 3, 4).in(2)},
		{name: "endless-line", body: "1\n\"" + strings.Repeat("x", 200_000), records: []string{"1"}, problem: tooLarge(2, 1, 2).in(2)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, media(t, "application/x-ndjson"), small)
		})
	}
}
