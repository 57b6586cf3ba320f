package tasks_test

import (
	"encoding/xml"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
)

// atom is the namespace of Atom.
const atom = "http://www.w3.org/2005/Atom"

// read parses XML strictly and writes it as lines: {namespace}element attribute=value… text,
// indented by depth.
func read(t *testing.T, w *httptest.ResponseRecorder) []string {
	t.Helper()
	if kind := w.Header().Get("Content-Type"); kind != "application/xml; charset=utf-8" {
		t.Fatalf("it is %s: %s", kind, w.Body)
	}
	var lines []string
	dec := xml.NewDecoder(strings.NewReader(w.Body.String()))
	for depth := 0; ; {
		token, err := dec.Token()
		switch token := token.(type) {
		case xml.StartElement:
			line := strings.Repeat(" ", depth) + token.Name.Local
			if token.Name.Space != "" {
				line = strings.Repeat(" ", depth) + "{" + token.Name.Space + "}" + token.Name.Local
			}
			for _, a := range token.Attr {
				if a.Name.Space != "xmlns" {
					line += " " + a.Name.Local + "=" + a.Value
				}
			}
			lines, depth = append(lines, line), depth+1
		case xml.EndElement:
			depth--
		case xml.CharData:
			if len(lines) > 0 {
				lines[len(lines)-1] += " " + string(token)
			}
		case nil:
			if err != io.EOF { //nolint:errorlint // Token returns it bare
				t.Fatalf("%v: %s", err, w.Body)
			}
			return lines
		}
	}
}

const self = " {" + atom + "}link rel=alternate href=https://api.example/tasks/5.xml type=application/xml"

func TestATaskInXML(t *testing.T) {
	t.Parallel()
	begin := func(word string) []string {
		return []string{"task", " id 5", " status " + word, " description import into tools", self}
	}
	for state, rest := range map[operation.State][]string{
		operation.Waiting: nil,
		operation.Running: {" progress", "  task Importing into tools", "  amount 7.0"},
		operation.Succeeded: {
			" result", "  ImportReport", "   totalRecords 10", "   importedRecords 8", "   createdRecords 5", "   updatedRecords 2",
			"   supersededRecords 1", "   failedRecords 2",
			"   failedRecordsLocation https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed",
		},
		operation.Failed:    {" error", "  message The operation failed.", "  code Failed"},
		operation.Cancelled: nil,
		operation.TimedOut:  {" error", "  message The operation was stopped because nobody asked for it in time.", "  code TimedOut"},
	} {
		got := read(t, ask(t, with(in(state)), "/tasks/5.xml"))
		if diff := cmp.Diff(append(begin(words[state]), rest...), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", state, diff)
		}
	}
}

// The text as GeoGig writes it, with the prefix that its clients may look for.
func TestTheTextOfXML(t *testing.T) {
	t.Parallel()
	const want = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<task><id>5</id><status>RUNNING</status><description>import into tools</description>` +
		`<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="https://api.example/tasks/5.xml" type="application/xml"></atom:link>` +
		`<progress><task>Importing into tools</task><amount>7.0</amount></progress></task>`
	if diff := cmp.Diff(want, ask(t, with(in(operation.Running)), "/tasks/5.xml").Body.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// XML can't hold every character that a text can; what it can't is replaced, and nothing is markup.
func TestXMLIsWellFormedWhateverItHolds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`<b>&amp; "it's"]]>`:      `<b>&amp; "it's"]]>`,
		"null \x00, bell \a":      "null \uFFFD, bell \uFFFD",
		"no UTF-8 \xff\xfe":       "no UTF-8 \uFFFD\uFFFD",
		"no character \uFFFE":     "no character \uFFFD",
		"lines\r\n\tand\u2028tab": "lines\r\n\tand\u2028tab",
		"<?xml?><!-- --> Ω 😀":     "<?xml?><!-- --> Ω 😀",
	} {
		op := in(operation.Running)
		op.Collection, op.Phase = text, text
		got := read(t, ask(t, with(op), "/tasks/5.xml"))
		if got[3] != " description import into "+want || got[6] != "  task "+want {
			t.Errorf("%q is shown as %q and %q", text, got[3], got[6])
		}
		if body := ask(t, with(op), "/tasks/5").Body.Bytes(); !utf8.Valid(body) {
			t.Errorf("%q makes JSON that is no UTF-8", text)
		}
	}
}

func TestTheSuffixOrAcceptChoosesTheFormat(t *testing.T) {
	t.Parallel()
	const json, text = "application/json; charset=utf-8", "application/xml; charset=utf-8"
	for _, tt := range []struct{ path, accept, want, vary string }{
		{"/tasks/5", "", json, "Accept"},
		{"/tasks/5", "*/*", json, "Accept"},
		{"/tasks/5", "application/json", json, "Accept"},
		{"/tasks/5", "application/xml", text, "Accept"},
		{"/tasks/5", "text/xml", text, "Accept"},
		{"/tasks/5", "application/*, text/xml;q=0.9", json, "Accept"},
		{"/tasks/5", "application/xml;q=0.5, application/json;q=0.4", text, "Accept"},
		{"/tasks/5", "application/xml;q=0.4, application/json;q=0.5", json, "Accept"},
		{"/tasks/5", "application/xml, application/json;q=0", text, "Accept"},
		{"/tasks/5", "APPLICATION/XML; Q=0.8", text, "Accept"},
		{"/tasks/5", "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", text, "Accept"},
		{"/tasks/5", "image/png", json, "Accept"},
		{"/tasks/5", "application/xml;q=NaN, application/xml;q=2, ;;,", json, "Accept"},
		{"/tasks/5.json", "application/xml", json, ""},
		{"/tasks/5.xml", "application/json", text, ""},
		{"/tasks", "application/xml", text, "Accept"},
		{"/tasks", "", json, "Accept"},
		{"/tasks.json", "application/xml", json, ""},
		{"/tasks.xml", "application/json", text, ""},
	} {
		w := ask(t, with(in(operation.Running)), tt.path, "Accept", tt.accept)
		if kind, vary := w.Header().Get("Content-Type"), w.Header().Get("Vary"); kind != tt.want || vary != tt.vary {
			t.Errorf("%s for %q is %s, Vary %q", tt.path, tt.accept, kind, vary)
		}
	}
}
