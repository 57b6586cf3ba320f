package azure_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
)

const eventsPath = "/operations/01a201ca-08ae-76bd-94da-dcd44d595976/events"

// life is a reader of an import with a life of three revisions.
func life() *reader {
	r := &reader{op: in(operation.Succeeded), events: []operation.Event{
		{Revision: 1, At: sealed, State: operation.Waiting, Counts: operation.Counts{Total: 10}},
		{Revision: 2, At: sealed.Add(time.Second), State: operation.Running, Progress: 40, Phase: "a\nb", Counts: operation.Counts{Total: 10, Created: 4}},
		{Revision: 3, At: sealed.Add(2 * time.Second), State: operation.Succeeded, Progress: 100, Counts: operation.Counts{Total: 10, Created: 10}},
	}}
	r.op.Revision = 3
	return r
}

func TestEventsAsAStream(t *testing.T) {
	t.Parallel()
	const one = `"id":"01a201ca-08ae-76bd-94da-dcd44d595976"`
	stories := []string{
		"id: 1\nevent: progress\ndata: {" + one + `,"status":"NotStarted","percentComplete":0,"counts":{"total":10,"created":0,"updated":0,` +
			`"superseded":0,"failed":0,"imported":0,"unprocessed":10},"at":"2026-01-02T03:04:05Z"}` + "\n\n",
		"id: 2\nevent: progress\ndata: {" + one + `,"status":"Running","percentComplete":40,"counts":{"total":10,"created":4,"updated":0,` +
			`"superseded":0,"failed":0,"imported":4,"unprocessed":6},"phase":"a\nb","at":"2026-01-02T03:04:06Z"}` + "\n\n",
		"id: 3\nevent: finished\ndata: {" + one + `,"status":"Succeeded","percentComplete":100,"counts":{"total":10,"created":10,"updated":0,` +
			`"superseded":0,"failed":0,"imported":10,"unprocessed":0},"at":"2026-01-02T03:04:07Z"}` + "\n\n",
	}
	for name, tt := range map[string]struct {
		path   string
		header []string
		want   []string
	}{
		"everything":          {eventsPath, nil, stories},
		"after one":           {eventsPath, []string{"Last-Event-ID", "1"}, stories[1:]},
		"after two, in query": {eventsPath + "?lastEventId=2", nil, stories[2:]},
		"header before query": {eventsPath + "?lastEventId=1", []string{"Last-Event-ID", "2"}, stories[2:]},
	} {
		w := ask(t, life(), tt.path, tt.header...)
		if diff := cmp.Diff("retry: 1000\n\n: still here\n\n"+strings.Join(tt.want, ""), w.Body.String()); diff != "" || w.Code != http.StatusOK {
			t.Errorf("%s: %d (-want +got):\n%s", name, w.Code, diff)
		}
		for header, want := range map[string]string{
			"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if !w.Flushed {
			t.Errorf("%s: nothing was handed on", name)
		}
	}
}

func TestWhoHasHeardTheEndIsToldToStayAway(t *testing.T) {
	t.Parallel()
	w := ask(t, life(), eventsPath, "Last-Event-ID", "3")
	if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAnEventThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"4", "-1", "x", "1.5", "99999999999999999999"} {
		w := ask(t, life(), eventsPath, "Last-Event-ID", last)
		if w.Code != http.StatusBadRequest || w.Header().Get("X-Ms-Error-Code") != "InvalidEventId" {
			t.Errorf("%s: %d %s", last, w.Code, w.Body)
		}
	}
	if w := ask(t, life(), "/operations/7/events"); w.Code != http.StatusNotFound {
		t.Errorf("of no operation: %d %s", w.Code, w.Body)
	}
}
