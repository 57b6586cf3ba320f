package reports_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

const startPath = "/start-report"

// Seed 004 prints the request without a body.
func TestSubmitWithoutBody(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Waiting)
	w := f.send(t, http.MethodPost, startPath, "")
	edgetest.CheckStatus(t, w, http.StatusAccepted)
	edgetest.CheckBody(t, w, `{"status":"in_progress","id":"`+reportID.String()+`","number":555}`)
	edgetest.CheckHeader(t, w, "Location", "https://api.example/report-status/555")
	edgetest.CheckHeader(t, w, "Operation-Location", "https://api.example/operations/"+reportID.String())
	edgetest.CheckHeader(t, w, "Retry-After", "3")
	if len(f.dispatched) != 1 {
		t.Errorf("dispatched = %d, want 1", len(f.dispatched))
	}
	if len(f.drafts) != 1 {
		t.Fatalf("drafts = %d, want 1", len(f.drafts))
	}
	want := store.Draft{Principal: "local", Tenant: "default", Kind: operation.Report, Owner: "192.0.2.1", Request: []byte(`{"report":"imports","format":"pdf"}`)}
	if diff := cmp.Diff(want, f.drafts[0], cmpopts.IgnoreFields(store.Draft{}, "Reference", "Digest", "Lanes", "Retention")); diff != "" {
		t.Errorf("draft (-want +got):\n%s", diff)
	}
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{}`:                                   `: {"report":"imports","format":"pdf"}`,
		`  `:                                   `: {"report":"imports","format":"pdf"}`,
		`{"report":"imports","format":"html"}`: `: {"report":"imports","format":"html"}`,
		`{"report":"records","collection":"tools"}`:                                                         `tools: {"report":"records","format":"csv","collection":"tools"}`,
		`{"report":"records","collection":"tools","query":"red","filter":{"category":"x"},"format":"xlsx"}`: `tools: {"report":"records","format":"xlsx","collection":"tools","query":"red","filter":{"category":"x"}}`,
		fmt.Sprintf(`{"report":"import","operation":%q}`, importID):                                         fmt.Sprintf(`tools: {"report":"import","format":"pdf","operation":%q}`, importID),
		fmt.Sprintf(`{"report":"search","operation":%q,"format":"parquet"}`, searchID):                      fmt.Sprintf(`tools: {"report":"search","format":"parquet","operation":%q}`, searchID),
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			f := newFake(operation.Waiting)
			edgetest.CheckStatus(t, f.send(t, http.MethodPost, startPath, body, "Content-Type", "application/json"), http.StatusAccepted)
			if len(f.drafts) != 1 {
				t.Fatalf("drafts = %d, want 1", len(f.drafts))
			}
			if diff := cmp.Diff(want, f.drafts[0].Collection+": "+string(f.drafts[0].Request)); diff != "" {
				t.Errorf("collection and request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSubmitRejectsInvalidRequest(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		status              int
		code, pointer, text string
	}{
		`{`: {400, "MalformedJson", "", ""},
		`{"report":"imports","report":"imports"}`: {400, "MalformedJson", "", ""},
		"{\"report\":\"\xff\"}":                   {400, "MalformedJson", "", ""},
		`[]`:                                      {422, "InvalidReport", "", ""},
		`{"report":7}`:                            {422, "InvalidReport", "/report", ""},
		`{"report":"weather"}`:                    {422, "InvalidReport", "/report", "imports, import, records, search"},
		`{"colour":"red"}`:                        {422, "InvalidReport", "/colour", ""},
		`{"format":"csv"}`:                        {422, "InvalidReport", "/format", "pdf, html"},
		`{"report":"records","collection":"tools","format":"pdf"}`: {422, "InvalidReport", "/format", "csv, ndjson, xlsx, parquet"},
		`{"report":"records"}`:                                                   {422, "InvalidReport", "/collection", ""},
		`{"report":"records","collection":"spoons"}`:                             {422, "InvalidReport", "/collection", "tools"},
		`{"report":"records","collection":"tools","operation":"x"}`:              {422, "InvalidReport", "/operation", ""},
		`{"report":"records","collection":"tools","filter":{"x":1}}`:             {422, "InvalidQuery", "", ""},
		`{"report":"records","collection":"tools","filter":7}`:                   {400, "MalformedQuery", "", ""},
		`{"report":"records","collection":"tools","query":7}`:                    {400, "MalformedQuery", "", ""},
		`{"report":"import"}`:                                                    {422, "InvalidReport", "/operation", ""},
		`{"report":"import","operation":"x"}`:                                    {422, "InvalidReport", "/operation", ""},
		`{"report":"import","operation":"` + searchID.String() + `"}`:            {422, "InvalidReport", "/operation", ""},
		`{"report":"search","operation":"` + importID.String() + `"}`:            {422, "InvalidReport", "/operation", ""},
		`{"report":"import","operation":"01a201ca-08ae-76bd-94da-dcd44d595999"}`: {422, "InvalidReport", "/operation", ""},
		`{"filter":"` + strings.Repeat("x", 300_000) + `"}`:                      {413, "RequestTooLarge", "", ""},
	} {
		t.Run(fmt.Sprintf("%.80q", body), func(t *testing.T) {
			t.Parallel()
			f := newFake(operation.Waiting)
			w := f.send(t, http.MethodPost, startPath, body)
			edgetest.CheckProblem(t, w, want.status, want.code)
			if len(f.drafts) != 0 {
				t.Errorf("drafts = %d, want 0", len(f.drafts))
			}
			if want.pointer != "" && !strings.Contains(w.Body.String(), `"pointer":"`+want.pointer+`"`) {
				t.Errorf("body = %s, want pointer %q", w.Body, want.pointer)
			}
			if !strings.Contains(w.Body.String(), want.text) {
				t.Errorf("body = %s, want %q", w.Body, want.text)
			}
		})
	}
}

// A search can be exported once it has succeeded.
func TestSubmitOfUnsuccessfulSearch(t *testing.T) {
	t.Parallel()
	body := `{"report":"search","operation":"` + searchID.String() + `"}`
	for state, code := range map[operation.State]string{
		operation.Running: "SearchUnfinished", operation.Failed: "SearchUnsuccessful", operation.TimedOut: "SearchUnsuccessful",
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			f := newFake(operation.Waiting)
			f.search.State = state
			w := f.send(t, http.MethodPost, startPath, body)
			edgetest.CheckProblem(t, w, http.StatusConflict, code)
			edgetest.CheckHasHeader(t, w, "Retry-After", state == operation.Running)
		})
	}
	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		f := newFake(operation.Waiting)
		f.search.Expired = true
		edgetest.CheckProblem(t, f.send(t, http.MethodPost, startPath, body), http.StatusGone, "OperationExpired")
	})
}

func TestSubmitMediaType(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body, header, value string
		status              int
	}{
		"csv":                   {`{}`, "Content-Type", "text/csv", http.StatusUnsupportedMediaType},
		"none":                  {`{}`, "Content-Type", "", http.StatusUnsupportedMediaType},
		"malformed":             {`{}`, "Content-Type", ";", http.StatusUnsupportedMediaType},
		"gzip":                  {`{}`, "Content-Encoding", "gzip", http.StatusUnsupportedMediaType},
		"any type without body": {"", "Content-Type", "text/plain", http.StatusAccepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFake(operation.Waiting).send(t, http.MethodPost, startPath, tt.body, tt.header, tt.value)
			edgetest.CheckStatus(t, w, tt.status)
		})
	}
}

func TestSubmitHeaders(t *testing.T) {
	t.Parallel()
	f := newFake(operation.Waiting)
	w := f.send(t, http.MethodPost, startPath, "",
		"Operation-Id", reportID.String(), "Longshore-Labels", "team=data", "Longshore-Retention", "2h", "Prefer", "wait=5")
	edgetest.CheckStatus(t, w, http.StatusAccepted)
	checkPrefix(t, w, `{"status":"completed","download_link":"/reports/report-555.pdf",`)
	if len(f.drafts) != 1 {
		t.Fatalf("drafts = %d, want 1", len(f.drafts))
	}
	draft := f.drafts[0]
	if draft.ID != reportID {
		t.Errorf("draft.ID = %s, want %s", draft.ID, reportID)
	}
	if got := draft.Labels["team"]; got != "data" {
		t.Errorf("label team = %q, want data", got)
	}
	if got := draft.Retention.Hours(); got != 2 {
		t.Errorf("draft.Retention = %v hours, want 2", got)
	}
	if len(draft.Digest) == 0 {
		t.Error("draft.Digest is empty")
	}
}

func TestSubmitRejectsUsedID(t *testing.T) {
	t.Parallel()
	w := newFake(operation.Waiting).send(t, http.MethodPost, startPath, "", "Operation-Id", importID.String())
	edgetest.CheckProblem(t, w, http.StatusBadRequest, "OperationIdInUse")
}
