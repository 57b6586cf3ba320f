package imports_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/problem"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

const (
	statusPath = "/api/tools/import/status/HD6EKSD8DO9"
	recordsURL = "https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed"
)

// maxErrors is how many rejected records the dialect under test shows.
const maxErrors = 3

var sealed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// reader holds one operation and its rejected records, and counts how many of these it handed on.
type reader struct {
	imports.Monitor
	imports.Store

	op       operation.Operation
	rejected []string
	read     int
}

func (r *reader) FindByReference(_ context.Context, name, reference string) (*operation.Operation, error) {
	if name != r.op.Collection || reference != r.op.Reference {
		return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
	}
	return &r.op, nil
}

func (r *reader) Rejections(_ context.Context, _ uuid.UUID, limit int, visit func(operation.Rejection) error) error {
	for n, record := range r.rejected {
		if limit > 0 && n == limit {
			return nil
		}
		r.read++
		if err := visit(operation.Rejection{Row: n + 1, Received: []byte(record)}); err != nil {
			return err
		}
	}
	return nil
}

// in is an operation in a state.
func in(state operation.State, counts operation.Counts) operation.Operation {
	return operation.Operation{
		ID: uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976"), Reference: "HD6EKSD8DO9", Kind: operation.Import,
		Collection: "tools", State: state, Counts: counts, SealedAt: sealed,
	}
}

// withRejected is an import that succeeded except for these records.
func withRejected(records ...string) *reader {
	counts := operation.Counts{Total: len(records) + 5, Created: 5, Failed: len(records)}
	return &reader{op: in(operation.Succeeded, counts), rejected: records}
}

func ask(t *testing.T, r *reader, path string) *httptest.ResponseRecorder {
	t.Helper()
	collections, err := collection.Load("")
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	now := func() time.Time { return sealed.Add(3 * time.Second) }
	handler, err := imports.New(imports.Deps{
		Monitor: r, Store: r, Dispatcher: struct{ submission.Dispatcher }{}, Collections: collections, Addresses: edge.NewAddresses("https://api.example"),
		Estimator: retryafter.New(now), Log: slog.New(slog.DiscardHandler), Options: imports.Options{MaxErrors: maxErrors},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range handler.Routes() {
		engine.Handle(route.Method, route.Path, func(c *gin.Context) {
			if err := route.Handler(c); err != nil {
				problem.Write(c.Writer, c.Request, "req-1", err)
			}
		})
	}
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}
