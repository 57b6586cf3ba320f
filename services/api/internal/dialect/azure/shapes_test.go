package azure_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

const (
	base       = "https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976"
	resultsURL = "https://api.example/search/status/01a201ca-08ae-76bd-94da-dcd44d595976"
)

func TestStatusOfSearch(t *testing.T) {
	t.Parallel()
	running := newOperation(operation.Running)
	running.Kind, running.Counts = operation.Search, operation.Counts{}
	running.Progress, running.Phase, running.Labels = 50, "looking <there>", map[string]string{"team": "data"}
	running.StartedAt = sealed.Add(time.Second)

	succeeded := newOperation(operation.Succeeded)
	succeeded.Kind, succeeded.Counts = operation.Search, operation.Counts{}
	succeeded.Progress, succeeded.Result, succeeded.ExpiresAt = 100, []byte(`{"found":3}`), sealed.Add(time.Hour)

	for name, tt := range map[string]struct {
		op   operation.Operation
		want string
	}{
		"running": {running, `{"id":"01a201ca-08ae-76bd-94da-dcd44d595976","status":"Running","kind":"search","collection":"tools",` +
			`"taskReference":"HD6EKSD8DO9","percentComplete":50,"phase":"looking <there>","labels":{"team":"data"},` +
			`"createdDateTime":"2026-01-02T03:04:05Z","lastActionDateTime":"2026-01-02T03:04:05Z","startedDateTime":"2026-01-02T03:04:06Z",` +
			`"estimatedCompletion":"2026-01-02T03:04:10Z",` +
			`"links":{"events":"` + base + `/events","results":"` + resultsURL + `"}}`},
		"succeeded": {succeeded, `{"id":"01a201ca-08ae-76bd-94da-dcd44d595976","status":"Succeeded","kind":"search","collection":"tools",` +
			`"taskReference":"HD6EKSD8DO9","percentComplete":100,` +
			`"createdDateTime":"2026-01-02T03:04:05Z","lastActionDateTime":"2026-01-02T03:04:07Z","startedDateTime":"2026-01-02T03:04:06Z",` +
			`"finishedDateTime":"2026-01-02T03:04:07Z","expirationDateTime":"2026-01-02T04:04:05Z","result":{"found":3},` +
			`"links":{"events":"` + base + `/events","results":"` + resultsURL + `"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := (&fake{op: tt.op}).get(t, "/operations/"+id.String())
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckBody(t, w, tt.want)
		})
	}
}

func TestStatusOfReport(t *testing.T) {
	t.Parallel()
	const file = `{"name":"report-5.pdf","media_type":"application/pdf","size":3,"sha256":"ab"}`
	const noDownload = `"links":{"events":"` + base + `/events"}}`
	for name, tt := range map[string]struct {
		state  operation.State
		result string
		want   string
	}{
		"running":                  {operation.Running, "", noDownload},
		"failed":                   {operation.Failed, "", noDownload},
		"failed with a file":       {operation.Failed, file, noDownload},
		"succeeded without a file": {operation.Succeeded, "", `"result":{},` + noDownload},
		"succeeded": {
			operation.Succeeded, file,
			`"result":` + file + `,"links":{"download":"https://api.example/reports/report-5.pdf","events":"` + base + `/events"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := newOperation(tt.state)
			op.Kind, op.Counts, op.Result = operation.Report, operation.Counts{}, []byte(tt.result)
			w := (&fake{op: op}).get(t, "/operations/"+id.String())
			edgetest.CheckStatus(t, w, http.StatusOK)
			checkSuffix(t, w.Body.String(), tt.want)
			if strings.Contains(w.Body.String(), `"counts"`) {
				t.Errorf("body = %s, want no counts", w.Body)
			}
		})
	}
}

func TestStatusOfCancelledImport(t *testing.T) {
	t.Parallel()
	op := newOperation(operation.Cancelled)
	op.Counts = operation.Counts{Total: 10, Created: 4}
	w := (&fake{op: op}).get(t, "/operations/"+id.String())
	edgetest.CheckStatus(t, w, http.StatusOK)
	checkSuffix(t, w.Body.String(),
		`"error":{"code":"Canceled","message":"The operation was cancelled by a client. What was committed before stays."},`+
			`"links":{"events":"`+base+`/events","records":"`+base+`/records","unprocessedRecords":"`+base+`/records?outcome=unprocessed"}}`)
}

func TestStatusWithWarnings(t *testing.T) {
	t.Parallel()
	op := newOperation(operation.Succeeded)
	op.Warnings = []string{"the sequence <s> is behind"}
	w := (&fake{op: op}).get(t, "/operations/"+id.String())
	edgetest.CheckStatus(t, w, http.StatusOK)
	if want := `"warnings":["the sequence <s> is behind"],"links":`; !strings.Contains(w.Body.String(), want) {
		t.Errorf("body = %s, want %s in it", w.Body, want)
	}
}

func checkSuffix(t *testing.T, body, want string) {
	t.Helper()
	if !strings.HasSuffix(strings.TrimSpace(body), want) {
		t.Errorf("body = %s, want suffix %s", body, want)
	}
}
