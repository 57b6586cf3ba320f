package tasks_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tasks"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
)

// words are the statuses of seed 002.
var words = map[operation.State]string{
	operation.Waiting:   "WAITING",
	operation.Running:   "RUNNING",
	operation.Succeeded: "FINISHED",
	operation.Failed:    "FAILED",
	operation.Cancelled: "CANCELLED",
	operation.TimedOut:  "FAILED",
}

func TestWord(t *testing.T) {
	t.Parallel()
	edgetest.CheckWords(t, tasks.Word, words)
}

// The responses are checked byte for byte: the members of seed 002 first and in its order.
func TestStatusInEveryState(t *testing.T) {
	t.Parallel()
	const href = `,"description":"import into tools","href":"https://api.example/tasks/5.json"`
	const partial = `,"result":{"ImportReport":{"totalRecords":10,"importedRecords":5,"createdRecords":4,"updatedRecords":1,"supersededRecords":0,` +
		`"failedRecords":2,"unprocessedRecords":3,"failedRecordsLocation":"https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed",` +
		`"failedRecordsCsvLocation":"https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed&format=csv"}}`
	for state, want := range map[operation.State]string{
		operation.Waiting: `{"task":{"id":5,"status":"WAITING"` + href + `}}`,
		operation.Running: `{"task":{"id":5,"status":"RUNNING"` + href + `,"progress":{"task":"Importing into tools","amount":7.0}}}`,
		operation.Succeeded: `{"task":{"id":5,"status":"FINISHED"` + href + `,"result":{"ImportReport":{"totalRecords":10,"importedRecords":8,` +
			`"createdRecords":5,"updatedRecords":2,"supersededRecords":1,"failedRecords":2,` +
			`"failedRecordsLocation":"https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed",` +
			`"failedRecordsCsvLocation":"https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed&format=csv"}}}}`,
		operation.Failed:    `{"task":{"id":5,"status":"FAILED"` + href + partial + `,"error":{"message":"The operation failed.","code":"Failed"}}}`,
		operation.Cancelled: `{"task":{"id":5,"status":"CANCELLED"` + href + partial + `}}`,
		operation.TimedOut: `{"task":{"id":5,"status":"FAILED"` + href + partial +
			`,"error":{"message":"The operation was stopped because nobody asked for it in time.","code":"TimedOut"}}}`,
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newFake(newOperation(state)).get(t, "/tasks/5")
			edgetest.CheckStatus(t, w, http.StatusOK)
			edgetest.CheckBody(t, w, want)
			edgetest.CheckHeader(t, w, "Content-Type", "application/json; charset=utf-8")
			edgetest.CheckHasHeader(t, w, "Retry-After", !state.Terminal())
		})
	}
}

func TestStatusWithWarnings(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/tasks/5.json": `"warnings":["the sequence is behind"]}`,
		"/tasks/5.xml":  `<warning>the sequence is behind</warning></ImportReport>`,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			op := newOperation(operation.Succeeded)
			op.Warnings = []string{"the sequence is behind"}
			w := newFake(op).get(t, path)
			edgetest.CheckStatus(t, w, http.StatusOK)
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("body = %s, want %s in it", w.Body, want)
			}
		})
	}
}

func TestStatusWithoutRejectedRecords(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/tasks/5.json", "/tasks/5.xml"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			op := newOperation(operation.Succeeded)
			op.Counts = operation.Counts{Total: 10, Created: 10}
			body := newFake(op).get(t, path).Body.String()
			if strings.Contains(body, "Location") {
				t.Errorf("body = %s, want no location", body)
			}
			if !strings.Contains(body, "failedRecords") {
				t.Errorf("body = %s, want failedRecords", body)
			}
		})
	}
}

func TestStatusOfFailedTask(t *testing.T) {
	t.Parallel()
	op := newOperation(operation.Failed)
	op.Failure = &operation.Failure{Code: "ChunkAbandoned", Message: "Chunk 3 was given up."}
	if diff := cmp.Diff(op.Failure, decodeTask(t, newFake(op).get(t, "/tasks/5")).Error); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

// An amount always has a decimal point.
func TestProgress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*operation.Operation)
		want   string
	}{
		"zero":              {func(op *operation.Operation) { op.Counts = operation.Counts{Total: 5} }, `{"task":"Importing into tools","amount":0.0}`},
		"as in seed 002":    {func(op *operation.Operation) { op.Counts.Created = 1397117 }, `{"task":"Importing into tools","amount":1397120.0}`},
		"phase":             {func(op *operation.Operation) { op.Phase = "Splitting <the upload>" }, `{"task":"Splitting <the upload>","amount":7.0}`},
		"large amount":      {func(op *operation.Operation) { op.Counts.Created = 2_000_000_000 }, `{"task":"Importing into tools","amount":2000000003.0}`},
		"search":            {func(op *operation.Operation) { op.Kind, op.Progress = operation.Search, 42 }, `{"task":"Searching in tools","amount":42.0}`},
		"report":            {func(op *operation.Operation) { op.Kind, op.Progress = operation.Report, 3 }, `{"task":"Working","amount":3.0}`},
		"phase of a report": {func(op *operation.Operation) { op.Kind, op.Phase = operation.Report, "writing" }, `{"task":"writing","amount":0.0}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := newOperation(operation.Running)
			tt.change(op)
			if body := newFake(op).get(t, "/tasks/5.json").Body.String(); !strings.Contains(body, `"progress":`+tt.want+`}}`) {
				t.Errorf("body = %s, want progress %s", body, tt.want)
			}
		})
	}
}

func TestStatusOfEveryKind(t *testing.T) {
	t.Parallel()
	const file = `{"name":"report-5.pdf","media_type":"application/pdf","size":1234,"sha256":"ab"}`
	for name, tt := range map[string]struct {
		kind                        operation.Kind
		request, result             string
		wantDescription, wantResult string
	}{
		"search": {
			operation.Search, `{"query":"x"}`, `{"returned":7,"scanned":900,"truncated":false}`, "search in tools",
			`{"SearchReport":{"foundRecords":7,"scannedRecords":900,` +
				`"resultsLocation":"https://api.example/search/status/01a201ca-08ae-76bd-94da-dcd44d595976"}}`,
		},
		"report on imports": {
			operation.Report, `{"report":"imports","format":"pdf"}`, file, "report on the latest imports",
			`{"FileReport":{"name":"report-5.pdf","mediaType":"application/pdf","size":1234,"sha256":"ab",` +
				`"downloadLocation":"https://api.example/reports/report-5.pdf"}}`,
		},
		"report on an import": {
			operation.Report, `{"report":"import","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`, "", "report on an import", "",
		},
		"export": {operation.Report, `{"report":"records","collection":"spoons"}`, "", "report on the records of spoons", ""},
		"export of a search": {
			operation.Report, `{"report":"search","operation":"01a201ca-08ae-76bd-94da-dcd44d595976"}`, "", "report on a search", "",
		},
		"invalid report": {operation.Report, `{"report":7}`, `"x"`, "report", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := newOperation(operation.Succeeded)
			op.Kind, op.Request, op.Result = tt.kind, []byte(tt.request), []byte(tt.result)
			want := `{"task":{"id":5,"status":"FINISHED","description":"` + tt.wantDescription + `","href":"https://api.example/tasks/5.json"`
			if tt.wantResult != "" {
				want += `,"result":` + tt.wantResult
			}
			edgetest.CheckBody(t, newFake(op).get(t, "/tasks/5"), want+"}}")
		})
	}
}

func TestStatusNotFound(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"6", "0", "05", "-5", "+5", "5.yaml", "5.json.xml", "5.JSON", "x", "5x", ".json", "%00", "%ff", "9223372036854775808", "5%205", "5.0",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFake(newOperation(operation.Running)).get(t, "/tasks/"+name)
			edgetest.CheckProblem(t, w, http.StatusNotFound, "OperationNotFound")
		})
	}
}

// Problems are JSON in every format.
func TestStatusOfExpiredTask(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"5", "5.json", "5.xml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := newOperation(operation.Succeeded)
			op.Expired = true
			edgetest.CheckProblem(t, newFake(op).get(t, "/tasks/"+name), http.StatusGone, "OperationExpired")
		})
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	f := newFake(newOperation(operation.Running))
	checkTask(t, f.send(t, http.MethodDelete, "/tasks/5"), "CANCELLED")
	w := f.send(t, http.MethodDelete, "/tasks/5.xml")
	edgetest.CheckStatus(t, w, http.StatusNoContent)
	edgetest.CheckBody(t, w, "")
	edgetest.CheckProblem(t, f.send(t, http.MethodDelete, "/tasks/5"), http.StatusGone, "OperationExpired")
	f.checkCalls(t, "cancel", "prune")
}
