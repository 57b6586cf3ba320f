package transcript

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// compare lists the differences between a response and an expected one.
func compare(t *testing.T, expected, header, body string, known values) []string {
	t.Helper()
	script, err := parse("x.http", "### section\nGET /x HTTP/1.1\n\nHTTP/1.1 200 OK\n"+header+"\n\n"+expected+"\n")
	if err != nil {
		t.Fatal(err)
	}
	got := response{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, []byte(body)}
	return script.sections["section"][0].compare(got, known)
}

func TestExchangeCompare(t *testing.T) {
	t.Parallel()
	const plain = "Content-Type: application/json"
	for name, tt := range map[string]struct{ header, expected, body, want string }{
		"the same":                   {plain, `{"a":1,"b":[true,null,"x"]}`, `{"b":[true,null,"x"],"a":1}`, ""},
		"another text":               {plain, `{"a":"x"}`, `{"a":"y"}`, `$.a is y`},
		"text for a number":          {plain, `{"a":1}`, `{"a":"1"}`, `$.a is 1 (string)`},
		"another writing":            {plain, `{"a":0.0}`, `{"a":0}`, `$.a is 0`},
		"a member less":              {plain, `{"a":1,"b":2}`, `{"a":1}`, `$ has no b`},
		"a member more":              {plain, `{"a":1}`, `{"a":1,"b":2}`, `$ has the member b`},
		"more members":               {plain, `{"a":1,"...":0}`, `{"a":1,"b":2}`, ""},
		"an item more":               {plain, `["a"]`, `["a","b"]`, `2 items, want 1`},
		"more items":                 {plain, `["a","..."]`, `["a","b"]`, ""},
		"an item less":               {plain, `["a","b","..."]`, `["a"]`, `1 items, want 2`},
		"no object":                  {plain, `{"a":{}}`, `{"a":[]}`, `$.a is []`},
		"an expression":              {plain, `{"a":"{{_~[0-9]+%}}"}`, `{"a":"45%"}`, ""},
		"an expression in braces":    {plain, `{"a":"{{_~[0-9]{2}}}, {{_~x{1,3}}}"}`, `{"a":"45, xx"}`, ""},
		"a part matches":             {plain, `{"a":"{{_~[0-9]+}}"}`, `{"a":"45%"}`, `$.a is 45%`},
		"the known value":            {plain, `{"a":"/x/{{n}}.json"}`, `{"a":"/x/7.json"}`, ""},
		"not the known value":        {plain, `{"a":"/x/{{n}}.json"}`, `{"a":"/x/8.json"}`, `$.a is /x/8.json`},
		"one value twice":            {plain, `{"a":"{{m}}","b":"{{m}}"}`, `{"a":"1","b":"1"}`, ""},
		"two values of one":          {plain, `{"a":"{{m}}","b":"{{m}}"}`, `{"a":"1","b":"2"}`, `$.b is 2`},
		"an integer":                 {plain, `{"a":"{{n:integer}}"}`, `{"a":7}`, ""},
		"another integer":            {plain, `{"a":"{{n:integer}}"}`, `{"a":8}`, `$.a is 8`},
		"no integer":                 {plain, `{"a":"{{_:integer}}"}`, `{"a":7.0}`, `$.a is 7.0`},
		"a decimal":                  {plain, `{"a":"{{_:decimal}}"}`, `{"a":7.0}`, ""},
		"no decimal":                 {plain, `{"a":"{{_:decimal}}"}`, `{"a":7}`, `$.a is 7`},
		"text in place of type":      {plain, `{"a":"{{_:number}}"}`, `{"a":"7"}`, `$.a is 7 (string)`},
		"no JSON":                    {plain, `{"a":1}`, `<a/>`, `not JSON`},
		"a member that must not be":  {plain, `{"a":"{{absent}}","...":0}`, `{"a":"x"}`, `$.a is x`},
		"a member that is not there": {plain, `{"a":"{{absent}}"}`, `{}`, ""},
		"another header":             {"Content-Type: text/plain", `{}`, `{}`, `Content-Type is`},
		"a header too much":          {"Content-Type: {{absent}}", `{}`, `{}`, `Content-Type is "application/json", want none`},
		"no header":                  {"Retry-After: {{_~[0-9]+}}", `{}`, `{}`, `Retry-After is ""`},
		"no header, as written":      {"Retry-After: {{absent}}", `{}`, `{}`, ""},
		"the same XML":               {plain, "<a>\n <b c='{{n}}'>x</b>\n</a>", `<?xml version="1.0"?><a><b c="7">x</b></a>`, ""},
		"another attribute":          {plain, "<a c='{{n}}'/>", `<a c="8"></a>`, `got a c=8`},
		"another namespace":          {plain, `<p:a xmlns:p="urn:x"/>`, `<a xmlns="urn:y"/>`, `got urn:y a`},
		"another prefix":             {plain, `<p:a xmlns:p="urn:x"/>`, `<a xmlns="urn:x"/>`, ""},
		"an element more":            {plain, "<a></a>", `<a><b/></a>`, `unexpected a/b`},
		"an element less":            {plain, "<a><b/></a>", `<a></a>`, `missing a/b`},
		"no XML":                     {plain, "<a></a>", `<a>`, `not XML`},
		"text":                       {plain, "{{_~%PDF.*}}", "%PDF-1.7\n…", ""},
		"other text":                 {plain, "{{_~%PDF.*}}", "PDF", "the body differs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(compare(t, tt.expected, tt.header, tt.body, values{"n": "7"}), "; ")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("compare() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRunKeepsValues(t *testing.T) {
	t.Parallel()
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.Header().Set("Location", "http://"+r.Host+"/things/7")
		_, _ = fmt.Fprintf(w, `{"path":%q,"host":%q,"requests":%d}`, r.Method+" "+r.URL.String(), r.Host, requests)
	}))
	defer server.Close()
	script, err := parse("x.http", `Text before the first section is rejected, unless it starts with #.`)
	if err == nil {
		t.Errorf("parse() = %v, want an error", script)
	}
	script, err = parse("x.http", `# A script.
### begin
POST /things HTTP/1.1
Host: example.com

HTTP/1.1 200 OK
Location: http://example.com/things/{{n}}

{"path":"POST /things","host":"example.com","requests":1}

### end
# until
GET /things/{{n}}?x=1

HTTP/1.1 200 OK

{"path":"GET /things/7?x=1","requests":3,"...":""}
`)
	if err != nil {
		t.Fatal(err)
	}
	script.Run(t, server.URL, "begin", "end")
	if requests != 3 || script.Value("n") != "7" {
		t.Errorf("got %d requests and n = %q, want 3 and 7", requests, script.Value("n"))
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"### a\nGET /x\n", "### a\nGET /x\n\nHTTP/1.1 OK\n", "### a\nGET /x\nno header\n\nHTTP/1.1 200 OK\n",
		"### a\nGET /x\n\nHTTP/1.1 200 OK\n### a\n", "GET /x\n", "### a\nHTTP/1.1 200 OK\n",
	} {
		if script, err := parse("x.http", text); err == nil {
			t.Errorf("parse(%q) = %v, want an error", text, script)
		}
	}
}
