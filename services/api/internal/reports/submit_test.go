package reports_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
)

func TestAReportAsPrintedIsAccepted(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Waiting)
	w := world.ask(t, http.MethodPost, "/start-report", "")
	want := `{"status":"in_progress","id":"` + reportID.String() + `","number":555}`
	if diff := cmp.Diff(want, strings.TrimSpace(w.Body.String())); diff != "" || w.Code != http.StatusAccepted {
		t.Errorf("%d (-want +got):\n%s", w.Code, diff)
	}
	for name, want := range map[string]string{
		"Location":           "https://api.example/report-status/555",
		"Operation-Location": "https://api.example/operations/" + reportID.String(),
		"Retry-After":        "3",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if len(world.drafts) != 1 || len(world.dispatched) != 1 {
		t.Fatalf("%d drafts, %d dispatched", len(world.drafts), len(world.dispatched))
	}
	draft := world.drafts[0]
	if string(draft.Request) != `{"report":"imports","format":"pdf"}` || draft.Kind != operation.Report || draft.Collection != "" || draft.PollWithin != 0 {
		t.Errorf("draft %+v with %s", draft, draft.Request)
	}
}

func TestWhatMayBeAskedFor(t *testing.T) {
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
		world := newWorld(operation.Waiting)
		w := world.ask(t, http.MethodPost, "/start-report", body, "Content-Type: application/json")
		if w.Code != http.StatusAccepted || len(world.drafts) != 1 {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
			continue
		}
		if diff := cmp.Diff(want, world.drafts[0].Collection+": "+string(world.drafts[0].Request)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func TestWhatCantBeAskedForIsTold(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{`: "400 MalformedJson",
		`{"report":"imports","report":"imports"}`: "400 MalformedJson",
		"{\"report\":\"\xff\"}":                   "400 MalformedJson",
		`[]`:                                      "422 InvalidReport",
		`{"report":7}`:                            "422 InvalidReport /report",
		`{"report":"weather"}`:                    "422 InvalidReport /report imports, import, records, search",
		`{"colour":"red"}`:                        "422 InvalidReport /colour",
		`{"format":"csv"}`:                        "422 InvalidReport /format pdf, html",
		`{"report":"records","collection":"tools","format":"pdf"}`: "422 InvalidReport /format csv, ndjson, xlsx, parquet",
		`{"report":"records"}`:                                                   "422 InvalidReport /collection",
		`{"report":"records","collection":"spoons"}`:                             "422 InvalidReport /collection tools",
		`{"report":"records","collection":"tools","operation":"x"}`:              "422 InvalidReport /operation",
		`{"report":"records","collection":"tools","filter":{"x":1}}`:             "422 InvalidQuery",
		`{"report":"records","collection":"tools","filter":7}`:                   "400 MalformedQuery",
		`{"report":"records","collection":"tools","query":7}`:                    "400 MalformedQuery",
		`{"report":"import"}`:                                                    "422 InvalidReport /operation",
		`{"report":"import","operation":"x"}`:                                    "422 InvalidReport /operation",
		`{"report":"import","operation":"` + searchID.String() + `"}`:            "422 InvalidReport /operation",
		`{"report":"search","operation":"` + importID.String() + `"}`:            "422 InvalidReport /operation",
		`{"report":"import","operation":"01a201ca-08ae-76bd-94da-dcd44d595999"}`: "422 InvalidReport /operation",
		`{"filter":"` + strings.Repeat("x", 300_000) + `"}`:                      "413 RequestTooLarge",
	} {
		world := newWorld(operation.Waiting)
		w := world.ask(t, http.MethodPost, "/start-report", body)
		status, rest, _ := strings.Cut(want, " ")
		code, rest, _ := strings.Cut(rest, " ")
		pointer, words, _ := strings.Cut(rest, " ")
		if fmt.Sprint(w.Code) != status || w.Header().Get("X-Ms-Error-Code") != code || len(world.drafts) > 0 {
			t.Errorf("%.80s: %d %s, want %s", body, w.Code, w.Body, want)
		}
		if pointer != "" && !strings.Contains(w.Body.String(), `"pointer":"`+pointer+`"`) || !strings.Contains(w.Body.String(), words) {
			t.Errorf("%.80s: %s, want %s", body, w.Body, want)
		}
	}
}

func TestASearchMustHaveSucceeded(t *testing.T) {
	t.Parallel()
	body := `{"report":"search","operation":"` + searchID.String() + `"}`
	for state, want := range map[operation.State]string{
		operation.Running: "SearchUnfinished", operation.Failed: "SearchUnsuccessful", operation.TimedOut: "SearchUnsuccessful",
	} {
		world := newWorld(operation.Waiting)
		world.search.State = state
		w := world.ask(t, http.MethodPost, "/start-report", body)
		expectProblem(t, string(state), w, http.StatusConflict, want)
		if (w.Header().Get("Retry-After") != "") != (state == operation.Running) {
			t.Errorf("%s: Retry-After is %q", state, w.Header().Get("Retry-After"))
		}
	}
	world := newWorld(operation.Waiting)
	world.search.Expired = true
	expectProblem(t, "expired", world.ask(t, http.MethodPost, "/start-report", body), http.StatusGone, "OperationExpired")
}

func TestTheBodyMustBeJSON(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"Content-Type: text/csv", "Content-Type: ;", "Content-Encoding: gzip"} {
		w := newWorld(operation.Waiting).ask(t, http.MethodPost, "/start-report", `{}`, header)
		if w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %d %s", header, w.Code, w.Body)
		}
	}
	if w := newWorld(operation.Waiting).ask(t, http.MethodPost, "/start-report", "", "Content-Type: text/plain"); w.Code != http.StatusAccepted {
		t.Errorf("no body, whatever its type: %d %s", w.Code, w.Body)
	}
}

func TestTheTermsAreThoseOfEveryOperation(t *testing.T) {
	t.Parallel()
	world := newWorld(operation.Waiting)
	w := world.ask(t, http.MethodPost, "/start-report", "",
		"Operation-Id: "+reportID.String(), "Longshore-Labels: team=data", "Longshore-Retention: 2h", "Prefer: wait=5")
	if w.Code != http.StatusAccepted || !strings.HasPrefix(w.Body.String(), `{"status":"completed","download_link":"/reports/report-555.pdf",`) {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	draft := world.drafts[0]
	if draft.ID != reportID || draft.Labels["team"] != "data" || draft.Retention.Hours() != 2 || len(draft.Digest) == 0 {
		t.Errorf("draft %+v", draft)
	}
	taken := world.ask(t, http.MethodPost, "/start-report", "", "Operation-Id: "+importID.String())
	expectProblem(t, "another's id", taken, http.StatusBadRequest, "OperationIdInUse")
}
