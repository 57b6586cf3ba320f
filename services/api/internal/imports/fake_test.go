package imports_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/fit"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

const (
	statusPath = "/api/tools/import/status/HD6EKSD8DO9"
	recordsURL = "https://api.example/operations/01a201ca-08ae-76bd-94da-dcd44d595976/records?outcome=failed"
)

// maxErrors is the limit of rejected records in a status document.
const maxErrors = 3

var sealed = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fake has one import and its rejected records, and counts how many of these were read.
type fake struct {
	imports.Monitor
	imports.Store

	op       operation.Operation
	rejected []string
	read     int
}

func (f *fake) FindByReference(_ context.Context, collection, reference string) (*operation.Operation, error) {
	if collection != f.op.Collection || reference != f.op.Reference {
		return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
	}
	return &f.op, nil
}

func (f *fake) Rejections(_ context.Context, _ uuid.UUID, limit int, visit func(operation.Rejection) error) error {
	for n, record := range f.rejected {
		if limit > 0 && n == limit {
			return nil
		}
		f.read++
		if err := visit(operation.Rejection{Row: n + 1, Received: []byte(record)}); err != nil {
			return err
		}
	}
	return nil
}

// newFake returns a fake with an import in a state.
func newFake(state operation.State, counts operation.Counts) *fake {
	return &fake{op: operation.Operation{
		ID: uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976"), Reference: "HD6EKSD8DO9", Kind: operation.Import,
		Collection: "tools", State: state, Counts: counts, SealedAt: sealed,
	}}
}

// newFakeWithRejected returns a fake with an import that succeeded except for some records.
func newFakeWithRejected(records ...string) *fake {
	f := newFake(operation.Succeeded, operation.Counts{Total: len(records) + 5, Created: 5, Failed: len(records)})
	f.rejected = records
	return f
}

// newFakeWithWarning returns a fake with an import of one record that has a warning.
func newFakeWithWarning(warning string) *fake {
	f := newFake(operation.Succeeded, operation.Counts{Total: 1, Created: 1})
	f.op.Warnings = []string{warning}
	return f
}

func (f *fake) get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	collections := collectiontest.Shipped(t)
	handler, err := imports.New(imports.Deps{
		Storage: admission.NewStorage(0, nil, nil, metrics.NewAdmission()), Fit: fit.New(nil),
		Monitor: f, Store: f, Dispatcher: struct{ submission.Dispatcher }{}, Collections: collections.Catalog, Addresses: edge.NewAddresses("https://api.example"),
		Estimator: retryafter.New(func() time.Time { return sealed.Add(3 * time.Second) }), Log: slog.New(slog.DiscardHandler),
		Options: imports.Options{MaxErrors: maxErrors},
	})
	if err != nil {
		t.Fatal(err)
	}
	return edgetest.Send(t, edgetest.NewEngine(handler.Routes()), http.MethodGet, path, "")
}
