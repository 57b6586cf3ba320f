package azure_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
)

const base = "https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976"

// monitorOf is what the dialect shows of an operation.
func monitorOf(t *testing.T, op operation.Operation) string {
	t.Helper()
	w := ask(t, &reader{op: op}, "/operations/"+id.String())
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return strings.TrimSpace(w.Body.String())
}

func TestTheMonitorOfASearch(t *testing.T) {
	t.Parallel()
	op := in(operation.Running)
	op.Kind, op.Counts = operation.Search, operation.Counts{}
	op.Progress, op.Phase, op.Labels = 50, "looking <there>", map[string]string{"team": "data"}
	op.StartedAt = sealed.Add(time.Second)
	want := `{"id":"01a201ca-08ae-76bd-94da-dcd44d595976","status":"Running","kind":"search","collection":"tools",` +
		`"taskReference":"HD6EKSD8DO9","percentComplete":50,"phase":"looking <there>","labels":{"team":"data"},` +
		`"createdDateTime":"2026-01-02T03:04:05Z","lastActionDateTime":"2026-01-02T03:04:05Z","startedDateTime":"2026-01-02T03:04:06Z",` +
		`"estimatedCompletion":"2026-01-02T03:04:10Z",` +
		`"links":{"events":"` + base + `/events","results":"https://api.example/search/status/01a201ca-08ae-76bd-94da-dcd44d595976"}}`
	if diff := cmp.Diff(want, monitorOf(t, op)); diff != "" {
		t.Errorf("running (-want +got):\n%s", diff)
	}

	op = in(operation.Succeeded)
	op.Kind, op.Counts = operation.Search, operation.Counts{}
	op.Progress, op.Result, op.ExpiresAt = 100, []byte(`{"found":3}`), sealed.Add(time.Hour)
	want = `{"id":"01a201ca-08ae-76bd-94da-dcd44d595976","status":"Succeeded","kind":"search","collection":"tools",` +
		`"taskReference":"HD6EKSD8DO9","percentComplete":100,` +
		`"createdDateTime":"2026-01-02T03:04:05Z","lastActionDateTime":"2026-01-02T03:04:07Z","startedDateTime":"2026-01-02T03:04:06Z",` +
		`"finishedDateTime":"2026-01-02T03:04:07Z","expirationDateTime":"2026-01-02T04:04:05Z","result":{"found":3},` +
		`"links":{"events":"` + base + `/events","results":"https://api.example/search/status/01a201ca-08ae-76bd-94da-dcd44d595976"}}`
	if diff := cmp.Diff(want, monitorOf(t, op)); diff != "" {
		t.Errorf("succeeded (-want +got):\n%s", diff)
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
			op := in(tt.state)
			op.Kind, op.Counts, op.Result = operation.Report, operation.Counts{}, []byte(tt.result)
			got := monitorOf(t, op)
			if !strings.HasSuffix(got, tt.want) {
				t.Errorf("status = %s, want suffix %s", got, tt.want)
			}
			if strings.Contains(got, `"counts"`) {
				t.Errorf("status = %s, want no counts", got)
			}
		})
	}
}

func TestACancelledImportLeadsToWhatItDidNotDo(t *testing.T) {
	t.Parallel()
	op := in(operation.Cancelled)
	op.Counts = operation.Counts{Total: 10, Created: 4}
	want := `"error":{"code":"Canceled","message":"The operation was cancelled by a client. What was committed before stays."},` +
		`"links":{"events":"` + base + `/events","records":"` + base + `/records","unprocessedRecords":"` + base + `/records?outcome=unprocessed"}}`
	if got := monitorOf(t, op); !strings.HasSuffix(got, want) {
		t.Errorf("%s", got)
	}
}

func TestAStatusIsNotKeptAndHasAnEtag(t *testing.T) {
	t.Parallel()
	op := in(operation.Running)
	op.Revision = 7
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r := &reader{op: op}
		w := send(t, newEngine(t, r, r), method, "/status/"+id.String())
		if w.Code != http.StatusOK || w.Header().Get("ETag") != `W/"7"` || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
		if glanced := r.glances == 1; glanced != (method == http.MethodHead) {
			t.Errorf("%s was a glance: %v", method, glanced)
		}
	}
}

func TestWhatIsKnownIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for _, state := range []operation.State{operation.Running, operation.Succeeded} {
		op := in(state)
		op.Revision = 7
		for tag, code := range map[string]int{
			`W/"7"`: 304, `"7"`: 304, `"x", W/"7"`: 304, `*`: 304,
			`W/"6"`: 200, `7`: 200, `W/"77"`: 200, `"6","8"`: 200, `,`: 200,
		} {
			w := ask(t, &reader{op: op}, "/operations/"+id.String(), "If-None-Match", tag)
			if w.Code != code || (w.Body.Len() == 0) != (code == http.StatusNotModified) || w.Header().Get("ETag") != `W/"7"` {
				t.Errorf("%s is answered by %d %v %s", tag, w.Code, w.Header(), w.Body)
			}
			if hinted := w.Header().Get("Retry-After") != ""; hinted == state.Terminal() {
				t.Errorf("%s: %s: Retry-After is there: %v", state, tag, hinted)
			}
		}
	}
}
