package tasks_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tasks"
)

// words is the table of design section 5.
var words = map[operation.State]string{
	operation.Waiting:   "WAITING",
	operation.Running:   "RUNNING",
	operation.Succeeded: "FINISHED",
	operation.Failed:    "FAILED",
	operation.Cancelled: "CANCELLED",
	operation.TimedOut:  "FAILED",
}

func TestEveryStateButReceivingHasAWord(t *testing.T) {
	t.Parallel()
	for _, state := range operation.States() {
		if got, want := tasks.Word(state), words[state]; got != want || (got == "") != (state == operation.Receiving) {
			t.Errorf("%s is called %q, want %q", state, got, want)
		}
	}
}

// The answers in every state, byte for byte: the seed's members first and in its order.
func TestATaskInEveryState(t *testing.T) {
	t.Parallel()
	const href = `,"description":"import into tools","href":"https://api.example/tasks/5.json"`
	for state, want := range map[operation.State]string{
		operation.Waiting: `{"task":{"id":5,"status":"WAITING"` + href + `}}`,
		operation.Running: `{"task":{"id":5,"status":"RUNNING"` + href + `,"progress":{"task":"Importing into tools","amount":7.0}}}`,
		operation.Succeeded: `{"task":{"id":5,"status":"FINISHED"` + href + `,"result":{"ImportReport":{"totalRecords":10,"importedRecords":8,` +
			`"createdRecords":5,"updatedRecords":2,"supersededRecords":1,"failedRecords":2,` +
			`"failedRecordsLocation":"https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed"}}}}`,
		operation.Failed:    `{"task":{"id":5,"status":"FAILED"` + href + `,"error":{"message":"The operation failed.","code":"Failed"}}}`,
		operation.Cancelled: `{"task":{"id":5,"status":"CANCELLED"` + href + `}}`,
		operation.TimedOut: `{"task":{"id":5,"status":"FAILED"` + href +
			`,"error":{"message":"The operation was stopped because nobody asked for it in time.","code":"TimedOut"}}}`,
	} {
		w := ask(t, with(in(state)), "/tasks/5")
		if diff := cmp.Diff(want, strings.TrimSpace(w.Body.String())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", state, diff)
		}
		if kind := w.Header().Get("Content-Type"); w.Code != http.StatusOK || kind != "application/json; charset=utf-8" {
			t.Errorf("%s: %d %s", state, w.Code, kind)
		}
		if hint := w.Header().Get("Retry-After"); (hint == "") != state.Terminal() {
			t.Errorf("%s: Retry-After is %q", state, hint)
		}
	}
}

func TestWhereNothingWasRejectedNoLinkLeads(t *testing.T) {
	t.Parallel()
	op := in(operation.Succeeded)
	op.Counts = operation.Counts{Total: 10, Created: 10}
	for _, path := range []string{"/tasks/5.json", "/tasks/5.xml"} {
		if body := ask(t, with(op), path).Body.String(); strings.Contains(body, "Location") || !strings.Contains(body, "failedRecords") {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestAFailedTaskTellsItsOwnReason(t *testing.T) {
	t.Parallel()
	op := in(operation.Failed)
	op.Failure = &operation.Failure{Code: "ChunkAbandoned", Message: "Chunk 3 was given up."}
	if got := shown(t, ask(t, with(op), "/tasks/5")); got.Error == nil || *got.Error != *op.Failure {
		t.Errorf("it failed for %+v", got.Error)
	}
}

// A decimal number has a point, however large or small it is.
func TestAmountsAreDecimal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*operation.Operation)
		want   string
	}{
		"nothing yet":         {func(op *operation.Operation) { op.Counts = operation.Counts{Total: 5} }, `{"task":"Importing into tools","amount":0.0}`},
		"as in the seed":      {func(op *operation.Operation) { op.Counts.Created = 1397117 }, `{"task":"Importing into tools","amount":1397120.0}`},
		"a phase":             {func(op *operation.Operation) { op.Phase = "Splitting <the upload>" }, `{"task":"Splitting <the upload>","amount":7.0}`},
		"a large one":         {func(op *operation.Operation) { op.Counts.Created = 2_000_000_000 }, `{"task":"Importing into tools","amount":2000000003.0}`},
		"a search":            {func(op *operation.Operation) { op.Kind, op.Progress = operation.Search, 42 }, `{"task":"Searching in tools","amount":42.0}`},
		"a report":            {func(op *operation.Operation) { op.Kind, op.Progress = operation.Report, 3 }, `{"task":"Working","amount":3.0}`},
		"a phase of a report": {func(op *operation.Operation) { op.Kind, op.Phase = operation.Report, "writing" }, `{"task":"writing","amount":0.0}`},
	} {
		op := in(operation.Running)
		tt.change(op)
		if body := ask(t, with(op), "/tasks/5.json").Body.String(); !strings.Contains(body, `"progress":`+tt.want+`}}`) {
			t.Errorf("%s: %s", name, body)
		}
	}
}

// Every kind of operation has its description, and leaves its own result behind.
func TestATaskOfEveryKind(t *testing.T) {
	t.Parallel()
	const file = `{"name":"report-5.pdf","media_type":"application/pdf","size":1234,"sha256":"ab"}`
	for name, tt := range map[string]struct {
		kind            operation.Kind
		request, told   string
		described, left string
	}{
		"a search": {
			operation.Search, `{"query":"x"}`, `{"returned":7,"scanned":900,"truncated":false}`, "search in tools",
			`{"SearchReport":{"foundRecords":7,"scannedRecords":900,` +
				`"resultsLocation":"https://api.example/search/status/01a201ca-08ae-76bd-94da-dcd44d595976"}}`,
		},
		"a report": {
			operation.Report, `{"report":"imports","format":"pdf"}`, file, "report on the latest imports",
			`{"FileReport":{"name":"report-5.pdf","mediaType":"application/pdf","size":1234,"sha256":"ab",` +
				`"downloadLocation":"https://api.example/reports/report-5.pdf"}}`,
		},
		"a report on an import": {
			operation.Report, `{"report":"import","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`, "", "report on an import", "",
		},
		"an export": {operation.Report, `{"report":"records","collection":"spoons"}`, "", "report on the records of spoons", ""},
		"an export of a search": {
			operation.Report, `{"report":"search","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`, "", "report on a search", "",
		},
		"a report that nobody can read": {operation.Report, `{"report":7}`, `"x"`, "report", ""},
	} {
		op := in(operation.Succeeded)
		op.Kind, op.Request, op.Result = tt.kind, []byte(tt.request), []byte(tt.told)
		want := `{"task":{"id":5,"status":"FINISHED","description":"` + tt.described + `","href":"https://api.example/tasks/5.json"`
		if tt.left != "" {
			want += `,"result":` + tt.left
		}
		got := strings.TrimSpace(ask(t, with(op), "/tasks/5").Body.String())
		if diff := cmp.Diff(want+"}}", got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatIsNoTaskIsNotFound(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"6", "0", "05", "-5", "+5", "5.yaml", "5.json.xml", "5.JSON", "x", "5x", ".json", "%00", "%ff", "9223372036854775808", "5%205", "5.0",
	} {
		expectProblem(t, ask(t, with(in(operation.Running)), "/tasks/"+name), http.StatusNotFound, "OperationNotFound")
	}
}

// An expired task is gone, in every format; problems are JSON in every format.
func TestAnExpiredTaskIsGone(t *testing.T) {
	t.Parallel()
	op := in(operation.Succeeded)
	op.Expired = true
	for _, name := range []string{"5", "5.json", "5.xml"} {
		expectProblem(t, ask(t, with(op), "/tasks/"+name), http.StatusGone, "OperationExpired")
	}
}

func TestDeleteCancelsOrForgets(t *testing.T) {
	t.Parallel()
	m := with(in(operation.Running))
	if got := shown(t, send(t, m, http.MethodDelete, "/tasks/5")); got.Status != "CANCELLED" {
		t.Errorf("it is %s", got.Status)
	}
	if w := send(t, m, http.MethodDelete, "/tasks/5.xml"); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Errorf("forgetting is %d %s", w.Code, w.Body)
	}
	expectProblem(t, send(t, m, http.MethodDelete, "/tasks/5"), http.StatusGone, "OperationExpired")
	if !slices.Equal(m.did, []string{"cancel", "prune"}) {
		t.Errorf("it did %v", m.did)
	}
}
