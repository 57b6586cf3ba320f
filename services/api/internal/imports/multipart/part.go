package multipart

import (
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/digest"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
)

// discardTimeout limits the deletion of the blocks of a failed part; the rest is deleted with the
// upload.
const discardTimeout = 20 * time.Second

// put stores a part. It takes effect only when all of it was received: of two requests for the same
// number, the one that completes last wins, and an interrupted one leaves the existing part
// unchanged.
func (h *Handler) put(c *gin.Context) error {
	upload, err := h.find(c, c.Param("upload"))
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(c.Param("part"))
	if err != nil || number < 1 || number > h.Options.Parts {
		return fault.New(fault.Malformed, "invalid-part-number", "Parts are numbered from 1 to %d.", h.Options.Parts).With("limit", h.Options.Parts)
	}
	if upload.Finished {
		return store.UploadFinished()
	}
	if c.Request.ContentLength > h.Options.PartBytes {
		return h.partTooLarge()
	}
	if err := h.admit(c.Request.Context()); err != nil {
		return err
	}
	writer, err := h.Store.NewPart(upload.ID, number)
	if err != nil {
		return err
	}
	// Ignore the cancellation of the request's context: net/http cancels it after any read error,
	// and a client's error would then be reported as an unavailable database.
	ctx := context.WithoutCancel(c.Request.Context())
	defer h.discard(ctx, writer)
	defer h.receipts.begin(upload.ID, number)()
	sum, err := h.receive(ctx, c, writer, h.counter(ctx, upload.ID, number))
	if err != nil {
		return h.translate(c, err)
	}
	return h.keep(ctx, c, writer, partDocument{Part: number, Bytes: writer.Bytes(), Digest: digest.Format(sum)}, sum)
}

// admit admits a request as an upload, if there is space for its body.
func (h *Handler) admit(ctx context.Context) error {
	if err := h.Storage.Admit(ctx); err != nil {
		return err
	}
	return admission.Of(ctx).Upload(ctx)
}

// receive writes the part to the store and returns the digest of its decoded bytes.
func (h *Handler) receive(ctx context.Context, c *gin.Context, writer *store.PartWriter, count func(int64) error) ([]byte, error) {
	body := intake.NewBody(minrate.NewReader(c.Writer, c.Request, h.Options.Import.UploadRate), h.Options.PartBytes, nil)
	body.SetHold(admission.HoldFunc(ctx))
	limits := h.Options.Import.Intake
	limits.Body = h.Options.PartBytes
	decoded, err := intake.Decode(body, c.Request.Header.Values("Content-Encoding"), limits)
	if err != nil {
		return nil, err
	}
	defer func() { _ = decoded.Close() }()
	sum := sha256.New()
	if err := h.writeBlocks(ctx, writer, count, io.TeeReader(decoded, sum)); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// keep replaces the previous part of the same number, and responds with 201 if there was none.
func (h *Handler) keep(ctx context.Context, c *gin.Context, writer *store.PartWriter, document partDocument, sum []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	created, err := writer.Commit(ctx, sum, h.Options.Import.Intake.Body, h.Options.Retention)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	c.Header("ETag", `"`+store.PartTag(sum)+`"`)
	c.PureJSON(status, document)
	return nil
}

func (h *Handler) discard(ctx context.Context, writer *store.PartWriter) {
	ctx, cancel := context.WithTimeout(ctx, discardTimeout)
	defer cancel()
	if err := writer.Discard(ctx); err != nil {
		h.Log.WarnContext(ctx, "the blocks of a failed part were not deleted; they are deleted with the upload", slog.Any("error", err))
	}
}

// translate replaces errors that are worded for a whole import by those for a part.
func (h *Handler) translate(c *gin.Context, err error) error {
	switch fault.Of(err).Code {
	case "body-too-large":
		return h.partTooLarge()
	case "unsupported-content-encoding":
		c.Header("Accept-Encoding", intake.AcceptEncoding) // RFC 9110 section 12.5.3
	}
	return err
}

func (h *Handler) partTooLarge() error {
	return fault.New(fault.TooLarge, "part-too-large",
		"The part is larger than %d bytes (counted after decoding). Cut the upload into smaller ones.", h.Options.PartBytes).
		With("limit", h.Options.PartBytes)
}
