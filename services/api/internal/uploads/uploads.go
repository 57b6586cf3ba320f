// Package uploads accepts imports in pieces, for bodies that are too large for one request or come from several hands: begin an upload
// (seed 003: upload-start), send its parts in any order and as often as needed, and finish it (upload-finish). A finished one is an import
// like any other; the importer splits it into records.
package uploads

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/staging"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/imports"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Options bounds what is accepted and how it is cut.
type Options struct {
	// Import bounds the whole as if it came in one body.
	Import imports.Options
	// PartBytes bounds one part after its coding is undone, Parts how many there may be.
	PartBytes int64
	Parts     int
	// Retention is how long an upload is kept after its last part.
	Retention time.Duration
}

// Deps are what a Handler works with.
type Deps struct {
	Store       *store.Store
	Dispatcher  submission.Dispatcher
	Collections *collection.Catalog
	Log         *slog.Logger
	Policy      submission.Policy
	Addresses   edge.Addresses
	Answers     imports.Answers
}

// Handler accepts uploads in pieces.
type Handler struct {
	Deps
	opts Options
}

// New makes a Handler.
func New(deps Deps, opts Options) *Handler { return &Handler{Deps: deps, opts: opts} }

// The names of seed 003, after a colon.
const finishVerb = ":upload-finish"

// Routes lists what the package answers.
func (h *Handler) Routes() []edge.Route {
	const upload = "/api/:collection/import/uploads/:upload"
	return []edge.Route{
		{
			Method: http.MethodPost, Path: `/api/:collection/import\:upload-start`, Handler: h.start,
			Summary: "Begin an import that comes in parts. Answers 201 with the addresses of what follows.",
		},
		{
			Method: http.MethodPut, Path: upload + "/parts/:part", Handler: h.put,
			Summary: "Send a part, from 1, in any order; a part that is sent again replaces the one before.",
		},
		{Method: http.MethodGet, Path: upload, Handler: h.show, Summary: "See which parts of an upload are there."},
		{Method: http.MethodDelete, Path: upload, Handler: h.abort, Summary: "Abort an upload in parts."},
		{
			Method: http.MethodPost, Path: upload, Handler: h.finish,
			Summary: "Finish an upload (.../uploads/{id}" + finishVerb + "). Answers 202 with the address to poll, like any import.",
		},
	}
}

func (h *Handler) start(c *gin.Context) error {
	target, err := h.Collections.Find(c.Param("collection"))
	if err != nil {
		return err
	}
	terms, err := h.Policy.Read(c.Request, operation.Import)
	if err != nil {
		return err
	}
	mediaType := c.GetHeader("Content-Type")
	if _, err := intake.Negotiate(mediaType, nil); err != nil {
		return err
	}
	limits := h.opts.Import
	draft := terms.Draft(operation.Import, target.Name, limits.Lanes)
	draft.Request = staging.NewRequest(mediaType, limits.ChunkRecords, limits.ChunkBytes, limits.Intake).Encode()
	if terms.ID != uuid.Nil {
		draft.Digest = submission.Digest([]byte("upload"), []byte(target.Name), []byte(mediaType))
	}
	begun, err := h.begin(c, draft)
	if err != nil {
		return err
	}
	edge.LogOperation(c, begun.ID)
	shape, err := h.shape(c, begun)
	if err != nil {
		return err
	}
	c.Header("Location", shape.Upload)
	c.PureJSON(http.StatusCreated, shape)
	return nil
}

// begin begins the upload. A client that repeats its request, with the id that it gave, gets the upload that it began before.
func (h *Handler) begin(c *gin.Context, draft store.Draft) (*store.MultipartUpload, error) {
	ctx := c.Request.Context()
	begun, err := h.Store.BeginMultipart(ctx, draft, h.opts.Retention)
	if !errors.Is(err, store.ErrIDTaken) {
		return begun, err
	}
	before, err := h.Store.MultipartUpload(ctx, draft.ID)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && !bytes.Equal(before.Digest, draft.Digest):
		return nil, submission.IDInUseError()
	case err != nil:
		return nil, err
	}
	return before, nil
}

func (h *Handler) show(c *gin.Context) error {
	found, err := h.find(c, c.Param("upload"))
	if err != nil {
		return err
	}
	shape, err := h.shape(c, found)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, shape)
	return nil
}

func (h *Handler) abort(c *gin.Context) error {
	found, err := h.find(c, c.Param("upload"))
	if err != nil {
		return err
	}
	if found.Finished {
		return store.FinishedParts()
	}
	if err := h.Store.DropMultipart(c.Request.Context(), found); err != nil {
		return err
	}
	edge.NoContent(c)
	return nil
}

// find finds the upload of an address.
func (h *Handler) find(c *gin.Context, text string) (*store.MultipartUpload, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return nil, store.NoParts()
	}
	found, err := h.Store.MultipartUpload(c.Request.Context(), id)
	if err != nil {
		return nil, err
	}
	if found.Collection != c.Param("collection") {
		return nil, store.NoParts()
	}
	edge.LogOperation(c, found.ID)
	return found, nil
}

// body reads the request's body with the patience that any import has.
func (h *Handler) body(c *gin.Context) *minrate.Reader {
	return minrate.NewReader(c.Writer, c.Request, h.opts.Import.UploadRate)
}
