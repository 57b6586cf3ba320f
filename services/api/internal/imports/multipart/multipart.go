// Package multipart accepts imports in several parts, for bodies that are too large for one request
// or that several clients send. A client starts an upload (seed 003: upload-start), sends its parts
// in any order and as often as needed, and finishes it (upload-finish). A finished upload is an
// import like any other; the importer splits it into records.
package multipart

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/fit"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Options limits what is accepted.
type Options struct {
	// Import limits all parts together, as if they were sent in one body.
	Import imports.Options
	// PartBytes limits one part after its content coding is undone.
	PartBytes int64
	// Parts is the highest part number.
	Parts int
	// Retention is how long an upload is kept after its last part.
	Retention time.Duration
}

// Deps are the dependencies of a Handler. All are required.
type Deps struct {
	Store       *store.Store
	Dispatcher  submission.Dispatcher
	Collections *collection.Catalog
	Addresses   edge.Addresses
	Policy      submission.Policy
	Log         *slog.Logger
	Imports     *imports.Handler
	// Storage refuses new bodies if there is no space for them.
	Storage *admission.Storage
	// Fit refuses imports into collections that do not fit their tables.
	Fit     *fit.Checker
	Options Options
}

// Handler accepts multipart uploads.
type Handler struct {
	Deps

	receipts *receipts
}

// New returns a Handler, or an error that names the missing dependencies.
func New(deps Deps) (*Handler, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Handler{Deps: deps, receipts: newReceipts()}, nil
}

// finishVerb is the action of seed 003 that finishes an upload, as it ends the path.
const finishVerb = ":upload-finish"

// Routes returns the routes of the package.
func (h *Handler) Routes() []edge.Route {
	const upload = "/api/:collection/import/uploads/:upload"
	return []edge.Route{
		{
			Method: http.MethodPost, Path: `/api/:collection/import\:upload-start`, Query: imports.Query(), Handler: h.start, Action: access.CreateImports,
			Summary: "Starts an import in several parts. Returns 201 with the addresses for its parts.",
		},
		{
			Method: http.MethodPut, Path: upload + "/parts/:part", Conditional: true, Handler: h.put, Action: access.CreateImports,
			Summary: "Stores a part, numbered from 1, in any order. A part that is sent again replaces the previous one.",
		},
		{Method: http.MethodGet, Path: upload, Handler: h.get, Action: access.CreateImports, Summary: "Returns the parts of an upload that were received."},
		{Method: http.MethodDelete, Path: upload, Conditional: true, Handler: h.abort, Action: access.CreateImports, Summary: "Aborts an upload in several parts."},
		{
			Method: http.MethodPost, Path: upload, Conditional: true, Handler: h.finish, Action: access.CreateImports,
			Summary: "Finishes an upload (.../uploads/{id}" + finishVerb + "). Returns 202 with the address to poll, as for any import.",
		},
	}
}

// get responds with the upload and the parts that were received.
func (h *Handler) get(c *gin.Context) error {
	upload, err := h.find(c, c.Param("upload"))
	if err != nil {
		return err
	}
	parts, err := h.Store.ListParts(c.Request.Context(), upload.ID)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, h.newDocument(c, upload, parts))
	return nil
}

// abort deletes an upload that is not finished.
func (h *Handler) abort(c *gin.Context) error {
	upload, err := h.find(c, c.Param("upload"))
	if err != nil {
		return err
	}
	if upload.Finished {
		return store.UploadFinished()
	}
	if err := h.Store.DropMultipart(c.Request.Context(), upload); err != nil {
		return err
	}
	edge.NoContent(c)
	return nil
}

// find finds an upload by the id in the path, if it belongs to the path's collection.
func (h *Handler) find(c *gin.Context, text string) (*store.MultipartUpload, error) {
	if err := access.RequireCollection(c.Request.Context(), c.Param("collection")); err != nil {
		return nil, err
	}
	id, err := operation.ParseID(text)
	if err != nil {
		return nil, store.UploadNotFound()
	}
	upload, err := h.Store.MultipartUpload(c.Request.Context(), id)
	if err != nil {
		return nil, err
	}
	if upload.Collection != c.Param("collection") {
		return nil, store.UploadNotFound()
	}
	edge.LogOperation(c, upload.ID)
	return upload, nil
}
