package tasks

import (
	"encoding/json"
	"encoding/xml"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
)

// FuzzReadFilter reads the query of a list. An accepted filter is within its bounds.
func FuzzReadFilter(f *testing.F) {
	for _, seed := range []string{"status=waiting,FAILED&limit=10", "before=9223372036854775807", "before=+1", "limit=01", "status=", "x=1", "limit=1&limit=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		filter, err := readFilter(query)
		if err != nil && !fault.Is(err, fault.Malformed) {
			t.Errorf("readFilter(%q) = %v, want a fault of kind Malformed", raw, err)
		}
		if err == nil && (filter.Limit < 1 || filter.Limit > maxLimit || filter.Below < 0) {
			t.Errorf("readFilter(%q) = %+v, want it within its bounds", raw, filter)
		}
	})
}

// FuzzNegotiate negotiates the format. A client that does not name XML gets JSON, and one that
// accepts nothing else gets XML.
func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"", "*/*", "text/xml", "application/xml;q=0.9, application/json", "text/*;q=NaN", "application/xml;q=1e999", "text/html,application/xml;q=0.9,*/*;q=0.8"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		got := negotiate(http.Header{"Accept": {accept}})
		lower := strings.ToLower(accept)
		if got == asXML && !strings.Contains(lower, "xml") && !strings.Contains(lower, "/*") {
			t.Errorf("negotiate(%q) = XML, want JSON", accept)
		}
		for media, weight := range parseAccept([]string{accept}) {
			if math.IsNaN(weight) || weight < 0 || weight > 1 {
				t.Errorf("weight of %s in %q = %v, want 0 to 1", media, accept, weight)
			}
		}
	})
}

// FuzzTask encodes tasks with any texts. XML must be well formed and contain what JSON contains,
// apart from characters that XML does not have.
func FuzzTask(f *testing.F) {
	f.Add("Importing into tools", "no such <table>", "RUNNING")
	f.Add("]]>\x00\x1b\ufffe", "\xff", "FAILED")
	f.Fuzz(func(t *testing.T, phase, message, code string) {
		for _, op := range []*operation.Operation{
			{Number: 1, Kind: operation.Import, State: operation.Running, Phase: phase},
			{Number: 1, Kind: operation.Import, State: operation.Failed, Failure: &operation.Failure{Code: code, Message: message}},
		} {
			shape := newTask(op, func(path string) string { return "http://api" + path })
			text, err := xml.Marshal(shape)
			if err != nil {
				t.Fatalf("encoding as XML: %v", err)
			}
			var got struct {
				Status   string `xml:"status"`
				Progress struct {
					Task string `xml:"task"`
				} `xml:"progress"`
				Error struct {
					Message string `xml:"message"`
				} `xml:"error"`
			}
			if err := xml.Unmarshal(text, &got); err != nil {
				t.Fatalf("the XML %s is not well formed: %v", text, err)
			}
			if _, err := json.Marshal(wrapped{shape}); err != nil {
				t.Errorf("encoding as JSON: %v", err)
			}
			for sent, received := range map[string]string{phaseOf(shape): got.Progress.Task, messageOf(shape): got.Error.Message} {
				if isXMLText(sent) && received != sent {
					t.Errorf("XML contains %q, want %q", received, sent)
				}
			}
		}
	})
}

func phaseOf(shape task) string {
	if shape.Progress == nil {
		return ""
	}
	return shape.Progress.Task
}

func messageOf(shape task) string {
	if shape.Error == nil {
		return ""
	}
	return shape.Error.Message
}

// isXMLText reports whether a text consists of printable characters, all of which XML has.
func isXMLText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || r == utf8.RuneError || r == '\ufffe' || r == '\uffff'
	})
}
