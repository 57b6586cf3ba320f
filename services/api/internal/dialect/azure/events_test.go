package azure_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

const eventsPath = "/operations/01a201ca-08ae-76bd-94da-dcd44d595976/events"

// fakeWithEvents returns an import with three revisions.
func fakeWithEvents() *fake {
	f := &fake{op: newOperation(operation.Succeeded), events: []operation.Event{
		{Revision: 1, At: sealed, State: operation.Waiting, Counts: operation.Counts{Total: 10}},
		{Revision: 2, At: sealed.Add(time.Second), State: operation.Running, Progress: 40, Phase: "a\nb", Counts: operation.Counts{Total: 10, Created: 4}},
		{Revision: 3, At: sealed.Add(2 * time.Second), State: operation.Succeeded, Progress: 100, Counts: operation.Counts{Total: 10, Created: 10}},
	}}
	f.op.Revision = 3
	return f
}

func TestEvents(t *testing.T) {
	t.Parallel()
	const idMember = `"id":"01a201ca-08ae-76bd-94da-dcd44d595976"`
	events := []string{
		"id: 1\nevent: progress\ndata: {" + idMember + `,"status":"NotStarted","percentComplete":0,"counts":{"total":10,"created":0,"updated":0,` +
			`"superseded":0,"failed":0,"imported":0,"unprocessed":10},"at":"2026-01-02T03:04:05Z"}` + "\n\n",
		"id: 2\nevent: progress\ndata: {" + idMember + `,"status":"Running","percentComplete":40,"counts":{"total":10,"created":4,"updated":0,` +
			`"superseded":0,"failed":0,"imported":4,"unprocessed":6},"phase":"a\nb","at":"2026-01-02T03:04:06Z"}` + "\n\n",
		"id: 3\nevent: finished\ndata: {" + idMember + `,"status":"Succeeded","percentComplete":100,"counts":{"total":10,"created":10,"updated":0,` +
			`"superseded":0,"failed":0,"imported":10,"unprocessed":0},"at":"2026-01-02T03:04:07Z"}` + "\n\n",
	}
	for name, tt := range map[string]struct {
		path    string
		headers []string
		want    []string
	}{
		"all":                    {eventsPath, nil, events},
		"after one":              {eventsPath, []string{"Last-Event-ID", "1"}, events[1:]},
		"after two, by query":    {eventsPath + "?lastEventId=2", nil, events[2:]},
		"after a lost one":       {eventsPath, []string{"Last-Event-ID", "4"}, events},
		"header overrides query": {eventsPath + "?lastEventId=1", []string{"Last-Event-ID", "2"}, events[2:]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fakeWithEvents().get(t, tt.path, tt.headers...)
			edgetest.CheckStatus(t, w, http.StatusOK)
			if got, want := w.Body.String(), "retry: 1000\n\n: still here\n\n"+strings.Join(tt.want, ""); got != want {
				t.Errorf("body = %q, want %q", got, want)
			}
			edgetest.CheckHeader(t, w, "Content-Type", "text/event-stream")
			edgetest.CheckHeader(t, w, "Cache-Control", "no-store")
			edgetest.CheckHeader(t, w, "X-Accel-Buffering", "no")
			if !w.Flushed {
				t.Error("the response was not flushed")
			}
		})
	}
}

func TestEventsAfterEnd(t *testing.T) {
	t.Parallel()
	w := fakeWithEvents().get(t, eventsPath, "Last-Event-ID", "3")
	edgetest.CheckStatus(t, w, http.StatusNoContent)
	edgetest.CheckBody(t, w, "")
}

func TestEventsRejectsInvalidID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"-1", "x", "1.5", "99999999999999999999"} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			edgetest.CheckProblem(t, fakeWithEvents().get(t, eventsPath, "Last-Event-ID", id), http.StatusBadRequest, "InvalidEventId")
		})
	}
}

func TestEventsNotFound(t *testing.T) {
	t.Parallel()
	edgetest.CheckStatus(t, fakeWithEvents().get(t, "/operations/7/events"), http.StatusNotFound)
}
