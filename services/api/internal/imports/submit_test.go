package imports_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/fit"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
)

const (
	submitPath  = "/api/tools/import"
	operationID = "01a201ca-08ae-76bd-94da-dcd44d595976"
	maxBody     = 1000
)

// submitFixture is a Handler with a real store.
type submitFixture struct {
	engine     *gin.Engine
	dispatched edgetest.Dispatcher
}

func newSubmitFixture(t *testing.T) *submitFixture {
	t.Helper()
	db := storetest.Open(t, storetest.NewDatabase(t), store.Options{Application: t.Name(), MaxConns: 4})
	collections := collectiontest.Shipped(t)
	f := &submitFixture{}
	handler, err := imports.New(imports.Deps{
		Storage: admission.NewStorage(0, nil, nil, metrics.NewAdmission()), Fit: fit.New(db),
		Monitor: struct{ imports.Monitor }{}, Store: db, Dispatcher: &f.dispatched, Collections: collections.Catalog,
		Addresses: edge.NewAddresses("https://api.example"), Estimator: retryafter.New(time.Now), Log: slog.New(slog.DiscardHandler),
		Options: imports.Options{
			Intake:       intake.Limits{Body: maxBody, Record: maxBody, Records: 100, Depth: 10, Ratio: 1000},
			UploadRate:   minrate.Limit{Grace: time.Minute, MinRate: 1000},
			ChunkRecords: 2, ChunkBytes: 1000, Lanes: 2,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.engine = edgetest.NewEngine(handler.Routes())
	return f
}

// post sends an import in JSON.
func (f *submitFixture) post(t *testing.T, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return edgetest.Send(t, f.engine, http.MethodPost, submitPath, body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

// accepted are the members of a 202 response that tests check.
type accepted struct {
	Reference string `json:"task_reference"`
	Status    string
	ID        string
	Total     int    `json:"total_records"`
	Delimiter string `json:"csv_delimiter"`
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	f := newSubmitFixture(t)
	w := f.post(t, `[{"tool_id":"A"},{"tool_id":"B"},{"tool_id":"C"},{"tool_id":"D"},{"tool_id":"E"}]`)
	edgetest.CheckStatus(t, w, http.StatusAccepted)
	got := edgetest.Decode[accepted](t, w)
	want := accepted{Reference: got.Reference, Status: "IN_PROGRESS", ID: got.ID, Total: 5}
	if got != want {
		t.Errorf("response = %+v, want %+v", got, want)
	}
	edgetest.CheckHeader(t, w, "Location", "https://api.example/api/tools/import/status/"+got.Reference)
	edgetest.CheckHeader(t, w, "Operation-Location", "https://api.example/operations/"+got.ID)
	edgetest.CheckHasHeader(t, w, "Retry-After", true)
	if len(f.dispatched) != 2 || f.dispatched[0].OperationID.String() != got.ID {
		t.Errorf("dispatched %v, want the first chunk of both lanes", f.dispatched)
	}
}

func TestSubmitDetectsDelimiter(t *testing.T) {
	t.Parallel()
	w := edgetest.Send(t, newSubmitFixture(t).engine, http.MethodPost, submitPath, "tool_id;tool_name\nA;a\n", "Content-Type", "text/csv")
	edgetest.CheckStatus(t, w, http.StatusAccepted)
	if got := edgetest.Decode[accepted](t, w).Delimiter; got != "semicolon" {
		t.Errorf("csv_delimiter = %q, want semicolon", got)
	}
}

// A request with the same Operation-Id and the same content returns the existing operation.
func TestSubmitRepeated(t *testing.T) {
	t.Parallel()
	f := newSubmitFixture(t)
	const body = `[{"tool_id":"A"}]`
	for range 2 {
		w := f.post(t, body, "Operation-Id", operationID)
		edgetest.CheckStatus(t, w, http.StatusAccepted)
		if got := edgetest.Decode[accepted](t, w).ID; got != operationID {
			t.Errorf("id = %q, want %q", got, operationID)
		}
	}
	if len(f.dispatched) != 1 {
		t.Errorf("dispatched %d chunks, want 1", len(f.dispatched))
	}
	edgetest.CheckProblem(t, f.post(t, `[{"tool_id":"B"}]`, "Operation-Id", operationID), http.StatusBadRequest, "OperationIdInUse")
}

func TestSubmitRejectsInvalidRequest(t *testing.T) {
	t.Parallel()
	f := newSubmitFixture(t)
	for name, tt := range map[string]struct {
		body    string
		headers []string
		status  int
		code    string
	}{
		"malformed":      {`[{`, nil, 400, "MalformedJson"},
		"too large":      {strings.Repeat(" ", maxBody+1), nil, 413, "BodyTooLarge"},
		"unknown coding": {`[]`, []string{"Content-Encoding", "br"}, 415, "UnsupportedContentEncoding"},
		"invalid id":     {`[]`, []string{"Operation-Id", "7"}, 400, "InvalidOperationId"},
	} {
		t.Run(name, func(t *testing.T) {
			w := f.post(t, tt.body, tt.headers...)
			edgetest.CheckProblem(t, w, tt.status, tt.code)
			edgetest.CheckHasHeader(t, w, "Accept-Encoding", tt.status == http.StatusUnsupportedMediaType)
		})
	}
	if len(f.dispatched) != 0 {
		t.Errorf("dispatched %v, want nothing", f.dispatched)
	}
}

func TestSubmitUnknownCollection(t *testing.T) {
	t.Parallel()
	w := edgetest.Send(t, newSubmitFixture(t).engine, http.MethodPost, "/api/nothing/import", `[]`, "Content-Type", "application/json")
	edgetest.CheckProblem(t, w, http.StatusNotFound, "UnknownCollection")
}
