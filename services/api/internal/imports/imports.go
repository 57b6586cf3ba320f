// Package imports accepts bulk imports and reports their status in the form of the tools document
// (seed 000). A POST is read record by record, staged durably and sealed; only then is it answered
// with 202.
package imports

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/fit"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Monitor finds operations and waits for them. *monitor.Monitor implements it.
type Monitor interface {
	submission.Watcher
	FindByReference(ctx context.Context, collection, reference string) (*operation.Operation, error)
}

// Store stores imports and reads their rejected records. *store.Store implements it.
type Store interface {
	submission.Finder
	NewUpload(draft store.Draft) (*store.Upload, error)
	Rejections(ctx context.Context, id uuid.UUID, limit int, visit func(operation.Rejection) error) error
}

// Options configures what is accepted and how it is divided into chunks.
type Options struct {
	Intake     intake.Limits
	UploadRate minrate.Limit
	// ChunkRecords and ChunkBytes limit a chunk.
	ChunkRecords, ChunkBytes int
	// Lanes is the number of chunks of one import that may be queued at the same time.
	Lanes int
	// MaxErrors limits the rejected records in one status document.
	MaxErrors int
}

// Deps are the dependencies of a Handler. All are required.
type Deps struct {
	Monitor     Monitor
	Store       Store
	Dispatcher  submission.Dispatcher
	Collections *collection.Catalog
	Addresses   edge.Addresses
	Estimator   *retryafter.Estimator
	// Storage refuses new bodies if there is no space for them.
	Storage *admission.Storage
	// Fit refuses imports into collections that do not fit their tables.
	Fit     *fit.Checker
	Policy  submission.Policy
	Log     *slog.Logger
	Options Options
}

// Handler accepts imports and reports their status.
type Handler struct {
	Deps
	receiver receiver
}

// New returns a Handler, or an error that names the missing dependencies.
func New(deps Deps) (*Handler, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Handler{
		Deps:     deps,
		receiver: receiver{log: deps.Log, drops: newDropper(deps.Log), maxRecords: deps.Options.ChunkRecords, maxBytes: deps.Options.ChunkBytes},
	}, nil
}

// Routes returns the routes of the package.
func (h *Handler) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodPost, Path: "/api/:collection/import", Query: Query(), Handler: h.submit, Action: access.CreateImports,
			Summary: "Imports records: JSON, NDJSON, CSV or an XLSX workbook, optionally compressed. Returns 202 with the address to poll.",
		},
		{
			Method: http.MethodGet, Path: "/api/:collection/import/status/:reference", Handler: h.status, Action: access.ReadOperations,
			Summary: "Returns the status of an import by its task reference, with the rejected records once it is finished.",
		},
	}
}

// StatusPath returns the path of an import's status document.
func StatusPath(op *operation.Operation) string {
	return "/api/" + op.Collection + "/import/status/" + op.Reference
}
