package operations

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/queue"
)

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

func TestTraceLink(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		link                 TraceLink
		traceID, want, shown string
	}{
		"trace":             {"https://t.example/{trace_id}", traceID, "https://t.example/" + traceID, traceID + "</code></a>"},
		"operation":         {"https://t.example/?q={operation}", "", "https://t.example/?q=" + id, "spans of this operation</a>"},
		"without a trace":   {"https://t.example/{trace_id}", "", "", ""},
		"without a tool":    {"", traceID, "", "<code>" + traceID + "</code></p>"},
		"without all of it": {"", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.link.For(uuid.MustParse(id), tt.traceID); got != tt.want {
				t.Errorf("For() = %q, want %q", got, tt.want)
			}
			w := httptest.NewRecorder()
			(&Page{traces: tt.link}).render(w, uuid.MustParse(id), queue.FindResult{Entries: []queue.Entry{{}, {TraceID: tt.traceID}}})
			body := w.Body.String()
			if !strings.Contains(body, tt.shown) || strings.Contains(body, "Trace: ") != (tt.shown != "") || strings.Contains(body, `href="`+tt.want+`"`) != (tt.want != "") {
				t.Errorf("the page = %s, want it to contain %q and to link to %q", body, tt.shown, tt.want)
			}
		})
	}
}

func TestTraceLinkValid(t *testing.T) {
	t.Parallel()
	for link, want := range map[TraceLink]bool{
		"": true, "https://t.example/{trace_id}": true, "http://t.example/{operation}": true,
		"https://t.example/": false, "t.example/{trace_id}": false, "javascript:alert({trace_id})": false,
	} {
		if got := link.Valid(); got != want {
			t.Errorf("TraceLink(%q).Valid() = %v, want %v", link, got, want)
		}
	}
}
