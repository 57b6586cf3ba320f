package multipart

import (
	"bytes"
	"errors"
	"net/http"

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
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// start creates an upload.
func (h *Handler) start(c *gin.Context) error {
	target, err := edge.Collection(c, h.Collections)
	if err != nil {
		return err
	}
	if err := target.Require(collection.Import); err != nil {
		return err
	}
	writing, mode, err := imports.ReadWriting(c, target)
	if err != nil {
		return err
	}
	if err := h.Fit.Require(c.Request.Context(), target, mode); err != nil {
		return err
	}
	headers, err := h.Policy.Read(c.Request, operation.Import)
	if err != nil {
		return err
	}
	if err := h.Storage.Admit(c.Request.Context()); err != nil {
		return err
	}
	mediaType := c.GetHeader("Content-Type")
	options, err := intake.ParseOptions(c.Request.URL.Query())
	if err != nil {
		return err
	}
	opts := h.Options.Import
	request, err := staging.NewRequest(mediaType, options, opts.ChunkRecords, opts.ChunkBytes, opts.Intake)
	if err != nil {
		return err
	}
	draft, err := headers.Draft(operation.Import, target, opts.Lanes)
	if err != nil {
		return err
	}
	draft.Writing = writing
	draft.Request = request.Encode()
	if headers.ID != uuid.Nil {
		parts := [][]byte{[]byte("upload"), []byte(target.Name), []byte(mediaType)}
		parts = append(parts, imports.WritingDigest(writing)...)
		draft.Digest = submission.Digest(append(parts, imports.OptionsDigest(options)...)...)
	}
	upload, parts, err := h.createOrFind(c, draft)
	if err != nil {
		return err
	}
	edge.LogOperation(c, upload.ID)
	document := h.newDocument(c, upload, parts)
	c.Header("Location", document.Upload)
	c.PureJSON(http.StatusCreated, document)
	return nil
}

// createOrFind creates an upload. If the client chose an id and repeats its request, the existing
// upload is returned with its parts. A new one is not read: after its commit, nothing may fail.
func (h *Handler) createOrFind(c *gin.Context, draft store.Draft) (*store.MultipartUpload, []store.Part, error) {
	ctx := c.Request.Context()
	upload, err := h.Store.BeginMultipart(ctx, draft, h.Options.Retention)
	if !errors.Is(err, store.ErrIDTaken) {
		return upload, nil, err
	}
	existing, err := h.Store.MultipartUpload(ctx, draft.ID)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && !bytes.Equal(existing.Digest, draft.Digest):
		return nil, nil, submission.IDInUseError()
	case err != nil:
		return nil, nil, err
	}
	parts, err := h.Store.ListParts(ctx, existing.ID)
	return existing, parts, err
}
