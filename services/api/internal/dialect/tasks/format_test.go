package tasks_test

import (
	"encoding/xml"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

const (
	jsonType = "application/json; charset=utf-8"
	xmlType  = "application/xml; charset=utf-8"
)

// atom is the namespace of Atom.
const atom = "http://www.w3.org/2005/Atom"

// self is the line of the Atom link of task 5.
const self = " {" + atom + "}link rel=alternate href=https://api.example/tasks/5.xml type=application/xml"

// parseXML parses a response strictly, and returns it as lines of the form
// "{namespace}element attribute=value… text", indented by depth.
func parseXML(t *testing.T, w *httptest.ResponseRecorder) []string {
	t.Helper()
	edgetest.CheckHeader(t, w, "Content-Type", xmlType)
	var lines []string
	dec := xml.NewDecoder(strings.NewReader(w.Body.String()))
	for depth := 0; ; {
		token, err := dec.Token()
		switch token := token.(type) {
		case xml.StartElement:
			lines, depth = append(lines, strings.Repeat(" ", depth)+formatElement(token)), depth+1
		case xml.EndElement:
			depth--
		case xml.CharData:
			if len(lines) > 0 {
				lines[len(lines)-1] += " " + string(token)
			}
		case nil:
			if err != io.EOF { //nolint:errorlint // Token returns it bare
				t.Fatalf("parsing %s: %v", w.Body, err)
			}
			return lines
		}
	}
}

func formatElement(element xml.StartElement) string {
	text := element.Name.Local
	if element.Name.Space != "" {
		text = "{" + element.Name.Space + "}" + text
	}
	for _, a := range element.Attr {
		if a.Name.Space != "xmlns" {
			text += " " + a.Name.Local + "=" + a.Value
		}
	}
	return text
}

func TestStatusInXML(t *testing.T) {
	t.Parallel()
	partial := []string{
		" result", "  ImportReport", "   totalRecords 10", "   importedRecords 5", "   createdRecords 4", "   updatedRecords 1",
		"   supersededRecords 0", "   failedRecords 2", "   unprocessedRecords 3", "   failedRecordsLocation https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed",
		"   failedRecordsCsvLocation https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed&format=csv",
	}
	for state, members := range map[operation.State][]string{
		operation.Waiting: nil,
		operation.Running: {" progress", "  task Importing into tools", "  amount 7.0"},
		operation.Succeeded: {
			" result", "  ImportReport", "   totalRecords 10", "   importedRecords 8", "   createdRecords 5", "   updatedRecords 2",
			"   supersededRecords 1", "   failedRecords 2",
			"   failedRecordsLocation https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed",
			"   failedRecordsCsvLocation https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed&format=csv",
		},
		operation.Failed:    append(slices.Clone(partial), " error", "  message The operation failed.", "  code Failed"),
		operation.Cancelled: partial,
		operation.TimedOut:  append(slices.Clone(partial), " error", "  message The operation was stopped because nobody asked for it in time.", "  code TimedOut"),
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			want := append([]string{"task", " id 5", " status " + words[state], " description import into tools", self}, members...)
			if diff := cmp.Diff(want, parseXML(t, newFake(newOperation(state)).get(t, "/tasks/5.xml"))); diff != "" {
				t.Errorf("XML (-want +got):\n%s", diff)
			}
		})
	}
}

// The text is as GeoGig writes it, with the namespace prefix that its clients may search for.
func TestStatusXMLText(t *testing.T) {
	t.Parallel()
	edgetest.CheckBody(t, newFake(newOperation(operation.Running)).get(t, "/tasks/5.xml"), `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
		`<task><id>5</id><status>RUNNING</status><description>import into tools</description>`+
		`<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="https://api.example/tasks/5.xml" type="application/xml"></atom:link>`+
		`<progress><task>Importing into tools</task><amount>7.0</amount></progress></task>`)
}

// Texts are escaped, and characters that XML does not allow are replaced.
func TestStatusXMLEscapes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`<b>&amp; "it's"]]>`:      `<b>&amp; "it's"]]>`,
		"null \x00, bell \a":      "null \uFFFD, bell \uFFFD",
		"no UTF-8 \xff\xfe":       "no UTF-8 \uFFFD\uFFFD",
		"no character \uFFFE":     "no character \uFFFD",
		"lines\r\n\tand\u2028tab": "lines\r\n\tand\u2028tab",
		"<?xml?><!-- --> Ω 😀":     "<?xml?><!-- --> Ω 😀",
	} {
		t.Run(strings.ToValidUTF8(text, "?"), func(t *testing.T) {
			t.Parallel()
			op := newOperation(operation.Running)
			op.Collection, op.Phase = text, text
			got := parseXML(t, newFake(op).get(t, "/tasks/5.xml"))
			if want := " description import into " + want; got[3] != want {
				t.Errorf("description = %q, want %q", got[3], want)
			}
			if want := "  task " + want; got[6] != want {
				t.Errorf("phase = %q, want %q", got[6], want)
			}
			if body := newFake(op).get(t, "/tasks/5").Body.Bytes(); !utf8.Valid(body) {
				t.Errorf("JSON = %q, want valid UTF-8", body)
			}
		})
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, accept, contentType string }{
		{"/tasks/5", "", jsonType},
		{"/tasks/5", "*/*", jsonType},
		{"/tasks/5", "application/json", jsonType},
		{"/tasks/5", "application/xml", xmlType},
		{"/tasks/5", "text/xml", xmlType},
		{"/tasks/5", "application/*, text/xml;q=0.9", jsonType},
		{"/tasks/5", "application/xml;q=0.5, application/json;q=0.4", xmlType},
		{"/tasks/5", "application/xml;q=0.4, application/json;q=0.5", jsonType},
		{"/tasks/5", "application/xml, application/json;q=0", xmlType},
		{"/tasks/5", "APPLICATION/XML; Q=0.8", xmlType},
		{"/tasks/5", "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", xmlType},
		{"/tasks/5", "image/png", jsonType},
		{"/tasks/5", "application/xml;q=NaN, application/xml;q=2, ;;,", jsonType},
		{"/tasks/5.json", "application/xml", jsonType},
		{"/tasks/5.xml", "application/json", xmlType},
		{"/tasks", "application/xml", xmlType},
		{"/tasks", "", jsonType},
		{"/tasks.json", "application/xml", jsonType},
		{"/tasks.xml", "application/json", xmlType},
	} {
		t.Run(tt.path+" "+tt.accept, func(t *testing.T) {
			t.Parallel()
			w := newFake(newOperation(operation.Running)).get(t, tt.path, "Accept", tt.accept)
			edgetest.CheckHeader(t, w, "Content-Type", tt.contentType)
		})
	}
}
