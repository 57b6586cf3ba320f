package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
)

func TestCSV(t *testing.T) {
	t.Parallel()
	for _, test := range []bodyTest{
		{name: "rows", body: "id,size\na,1\nb,2\n", records: []string{`{"id":"a","size":1}`, `{"id":"b","size":2}`}},
		{name: "carriage-returns", body: "id,size\r\na,1\r\nb,2", records: []string{`{"id":"a","size":1}`, `{"id":"b","size":2}`}},
		{name: "byte-order-mark", body: "\ufeffid,size\na,1\n", records: []string{`{"id":"a","size":1}`}},
		{name: "quotes", body: "\"id\",\"x,y\"\n\"a \"\"b\"\"\",\"1\n2\"\n", records: []string{`{"id":"a \"b\"","x,y":"1\n2"}`}},
		{
			name: "line-ends-in-cells", body: "\"i\r\nd\",size\r\n\"a\r\nb\n\"\"c\"\"\r\rd\r\n\r\n\",1\r\n\"\r\n\",2\r\nx\ry,\"3\r\n",
			records: []string{`{"i\r\nd":"a\r\nb\n\"c\"\r\rd\r\n\r\n","size":1}`, `{"i\r\nd":"\r\n","size":2}`}, problem: malformedCSV(12, 1, 44).in(3),
		},
		{name: "blank-lines", body: "\nid,size\n\na,1\n\n", records: []string{`{"id":"a","size":1}`}},
		{name: "empty-cells", body: "id,size,any\na,,\n,,\n", records: []string{`{"id":"a"}`}},
		{
			name: "quoted-empty-cells", body: "id,size,any,tags,note,due,other\n\"\",\"\",\"\",\"\",\"\",\"\",\"\"\n,,,,,,\n",
			records: []string{`{"id":"","any":"","note":""}`},
		},
		{name: "quoted-empty-only", body: "id\n\"\"\n\"\"\r\n\"\"", records: []string{`{"id":""}`, `{"id":""}`, `{"id":""}`}},
		{name: "quoted-empty-before-returns", body: "\ufeffid,note\r\n\"a\r\nb\",\r\nc,\"\"\r\nd,\"\"\r", records: []string{`{"id":"a\r\nb"}`, `{"id":"c","note":""}`, `{"id":"d","note":""}`}},
		{name: "quoted-empty-before-the-last-return", body: "id,note\na,\"\"\nb,\r", records: []string{`{"id":"a","note":""}`, `{"id":"b"}`}},
		{name: "quoted-empty-before-the-end", body: "id,note\na,\"\"\n\nb,", records: []string{`{"id":"a","note":""}`, `{"id":"b"}`}},
		{name: "space-in-header", body: " id , size\na,1\n", records: []string{`{"id":"a","size":1}`}},
		{name: "unknown-column", body: "id,color\na,1\n", records: []string{`{"id":"a","color":"1"}`}},
		{
			name: "rows-of-wrong-length", body: "id,size\na\nb,1,\"x\ny\",\nc,2\n",
			records: []string{
				`{"id":"a"}`, `["longshore:refused",{"pointer":"","code":"too-many-cells","message":"has 4 cells, but the header row has 2 columns (line 3)"},["b","1","x\ny",""]]`,
				`{"id":"c","size":2}`,
			},
		},
		{name: "control-characters", body: "id\na\x00\x1f\n", records: []string{`{"id":"a\u0000\u001f"}`}},
		{name: "one-column", body: "id\na\nb", records: []string{`{"id":"a"}`, `{"id":"b"}`}},

		{name: "empty", body: "", problem: &problem{Kind: fault.Malformed, Code: "empty-body"}},
		{name: "blank", body: "\n\n", problem: &problem{Kind: fault.Malformed, Code: "empty-body"}},
		{name: "header-only", body: "id,size\n", problem: &problem{Kind: fault.Invalid, Code: "no-records"}},
		{name: "utf-16", body: "\xff\xfei\x00", problem: &problem{Kind: fault.Invalid, Code: "no-records"}},
		{name: "header-twice", body: "id,size, id\n", problem: (&problem{Kind: fault.Invalid, Code: "bad-header"}).with("name", "id")},
		{name: "header-empty", body: "id,,size\na,,1\nb,x,2\n", records: []string{`{"id":"a","size":1}`}, problem: (&problem{Kind: fault.Invalid, Code: "bad-header"}).with("line", 3)},
		{name: "header-not-utf8", body: "id,a\xff\n", problem: at(fault.Malformed, "not-utf8", 1, 5, 4).with("byte", "0xFF")},
		{name: "header-with-zero", body: "id,a\x00\n", problem: &problem{Kind: fault.Invalid, Code: "bad-header"}},
		{name: "header-quote-open", body: "id,\"size\na,1\n", problem: at(fault.Invalid, "bad-header", 1, 1, 0)},
		{name: "header-quote-bare", body: "id,si\"ze\na,1\n", problem: at(fault.Invalid, "bad-header", 1, 6, 5)},
		{
			name: "header-too-wide", body: "a" + strings.Repeat(",a", intake.MaxColumns),
			problem: (&problem{Kind: fault.Invalid, Code: "bad-header"}).with("limit", intake.MaxColumns),
		},
		{name: "quote-bare", body: "id,size\na,1\nb \"x\",2\n", records: []string{`{"id":"a","size":1}`}, problem: malformedCSV(3, 3, 14).in(2)},
		{name: "quote-not-doubled", body: "\ufeffid,size\r\n\r\n\"b \"x\",2\r\n", problem: malformedCSV(3, 4, 17).in(1)},
		{
			name: "quote-open", body: "id,size\na,1\nb,\"2\r\nc,3\r\n", records: []string{`{"id":"a","size":1}`},
			problem: malformedCSV(3, 1, 12).in(2),
		},
		{name: "quote-open-in-last-line", body: "id,size\na,\"1", problem: malformedCSV(2, 1, 8).in(1)},
		{name: "quote-open-before-last-newline", body: "id,size\r\na,\"1\r\n", problem: malformedCSV(2, 1, 9).in(1)},
		{name: "quote-open-until-the-next", body: "id,size\na,\"1\nb,\"2\"\n", problem: malformedCSV(2, 1, 8).in(1)},
		{name: "quote-endless", body: "id,size\na,\"" + strings.Repeat("1\n", 100_000), problem: tooLarge(2, 1, 8).in(1)},
		{
			name: "too-large", body: "id,size\na,1\n" + strings.Repeat("x", 200) + ",2\n", records: []string{`{"id":"a","size":1}`},
			problem: tooLarge(3, 1, 12).in(2),
		},
		{
			name: "too-deep", body: "id,extra\na,{}\nb,\"{\"\"a\"\":{\"\"b\"\":[]}}\"\n", records: []string{`{"id":"a","extra":{}}`},
			problem: tooDeep(3, 1, 14).in(2),
		},
		{name: "too-many", body: "id\n1\n2\n3\n4\n5\n6", records: []string{
			`{"id":"1"}`, `{"id":"2"}`, `{"id":"3"}`, `{"id":"4"}`,
			`{"id":"5"}`,
		}, problem: (&problem{Kind: fault.TooLarge, Code: "too-many-records"}).with("limit", 5)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, media(t, "text/csv"), small)
		})
	}
}

func malformedCSV(line int, column, offset int64) *problem {
	return at(fault.Malformed, "malformed-csv", line, column, offset)
}

func TestCSVCells(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ column, cell, want string }{
		{"id", " 1 ", `" 1 "`},
		{"id", "true", `"true"`},
		{"id", `["a"]`, `"[\"a\"]"`},
		{"any", "1", `1`},
		{"any", ` {"x":[true]} `, `{"x":[true]}`},
		{"any", "[1,5]", `[1,5]`},
		{"any", "[1,5)", `"[1,5)"`},
		{"any", "null", `null`},
		{"any", `"quoted"`, `"quoted"`},
		{"any", " plain text", `" plain text"`},
		{"any", "'=1", `"=1"`},
		{"any", "007", `"007"`},
		{"note", `{"x":1}`, `{"x":1}`},
		{"note", `{"x"`, `"{\"x\""`},
		{"note", "12", `"12"`},
		{"lot", "7", "7"},
		{"lot", "x", `"x"`},
		{"paid", "TRUE", "true"},
		{"size", " -12 ", "-12"},
		{"size", "1e3", "1e3"},
		{"size", "99999999999999999999", "99999999999999999999"},
		{"size", "007", `"007"`},
		{"size", "+1", `"+1"`},
		{"size", "1,5", `"1,5"`},
		{"size", "NaN", `"NaN"`},
		{"size", "true", `"true"`},
		{"size", " ", `" "`},
		{"price", "1.50", "1.50"},
		{"sold", "TRUE", "true"},
		{"sold", " False", "false"},
		{"sold", "t", "true"},
		{"sold", "F", "false"},
		{"sold", "yes", `"yes"`},
		{"sold", "1", `"1"`},
		{"tags", "a", `["a"]`},
		{"tags", "a| b c |d", `["a","b c","d"]`},
		{"tags", `a\|b|c\`, `["a|b","c\\"]`},
		{"tags", "a||", `["a","",""]`},
		{"tags", "1|true", `["1","true"]`},
		{"tags", ` ["a","b|c"] `, `["a","b|c"]`},
		{"tags", `["a"`, `["[\"a\""]`},
		{"tags", "{a,b}", `["a","b"]`},
		{"tags", `{ a , "b c" ,"say \"x\", \\ ",NULL,"NULL","",1}`, `["a","b c","say \"x\", \\ ",null,"NULL","","1"]`},
		{"tags", "{{a,b},{c,d}}", `[["a","b"],["c","d"]]`},
		{"tags", "{}", `[]`},
		{"tags", "{a,b", `["{a,b"]`},
		{"tags", "{a,,b}", `"{a,,b}"`},
		{"tags", "{a}b}", `"{a}b}"`},
		{"tags", `{a"b"}`, `"{a\"b\"}"`},
		{"tags", `{"a}`, `"{\"a}"`},
		{"tags", "{{{{{{{a}}}}}}}", `"{{{{{{{a}}}}}}}"`},
		{"counts", "{1,2}", "[1,2]"},
		{"counts", "{1,x}", `[1,"x"]`},
		{"either", "{1,2}", `["1","2"]`},
		{"counts", "1| 2|x|", `[1,2,"x",""]`},
		{"counts", "[1, 2]", "[1, 2]"},
		{"extra", ` {"a":1,"a":[2]} `, `{"a":1,"a":[2]}`},
		{"extra", `{"a"`, `"{\"a\""`},
		{"extra", "[1]", `"[1]"`},
		{"either", "1", `1`},
		{"either", "1|x", `["1","x"]`},
		{"either", `{"a":1}`, `{"a":1}`},
	} {
		t.Run(test.column+"="+test.cell, func(t *testing.T) {
			t.Parallel()
			body := test.column + "\n\"" + strings.ReplaceAll(test.cell, `"`, `""`) + "\"\n"
			records, _ := readAll(t, strings.NewReader(body), media(t, "text/csv"), small)
			want := fmt.Sprintf(`{%q:%s}`, test.column, test.want)
			if len(records) != 1 || records[0] != want {
				t.Errorf("records of %q = %s, want %s", body, records, want)
			}
		})
	}
}

func TestCSVDelimiter(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, contentType, header, want string
		detected                        bool
	}{
		{"comma", "text/csv", "id,size", "comma", true},
		{"semicolon", "text/csv", "id;size;x,y", "semicolon", true},
		{"tab", "text/csv", "id\tsize", "tab", true},
		{"bar", "text/csv", "\r\nid|size", "bar", true},
		{"one-column", "text/csv", "id", "comma", true},
		{"in-quotes", "text/csv", "\"a,b,c,d\";size", "semicolon", true},
		{"tie", "text/csv", "a,b;c", "comma", true},
		{"first-row-only", "text/csv", "\"a\nb\";size\n1,2,3,4;5", "semicolon", true},
		{"declared-by-name", "text/csv; delimiter=Semicolon", "a,b,c;d", "semicolon", false},
		{"declared-by-character", "text/csv; header=present; delimiter=\"|\"", "a,b,c|d", "bar", false},
		{"declared-comma", "text/csv; delimiter=comma", "a;b;c,d", "comma", false},
		{"not-csv", "application/json", "[1]", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := intake.Open(newBody(strings.NewReader(test.header), small), media(t, test.contentType), thingsCollection(t), small)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if name, detected := r.Delimiter(); name != test.want || detected != test.detected {
				t.Errorf("Delimiter() = %s, %v, want %s, %v", name, detected, test.want, test.detected)
			}
		})
	}
}

// TestCSVLookups: the columns of lookups hold texts, and an object that they use may be JSON in a cell.
func TestCSVLookups(t *testing.T) {
	t.Parallel()
	c, err := collection.Parse("orders", []byte(`{"x-longshore": {"table": "orders", "key": ["id"], "lookups": {"customer_id": {"table": "customers", "by": {"customer.no": "no"}}}},
  "properties": {"id": {"type": "integer"}, "customer_id": {"type": "integer"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	const body = "id,customer.no,customer\n1,007,\n2,,\"{\"\"no\"\": \"\"8\"\"}\"\n3,\"\",x\n"
	r, err := intake.Open(newBody(strings.NewReader(body), intake.DefaultLimits()), media(t, "text/csv"), c, intake.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, want := range []string{`{"id":1,"customer.no":"007"}`, `{"id":2,"customer":{"no": "8"}}`, `{"id":3,"customer":"x"}`} {
		if got, err := r.Next(); err != nil || string(got) != want {
			t.Errorf("Next() = %s, %v, want %s", got, err, want)
		}
	}
}
