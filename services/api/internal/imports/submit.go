package imports

import (
	"errors"
	"log/slog"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/admission"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// submit accepts an import.
func (h *Handler) submit(c *gin.Context) error {
	target, err := edge.Collection(c, h.Collections)
	if err != nil {
		return err
	}
	if err := target.Require(collection.Import); err != nil {
		return err
	}
	writing, mode, err := ReadWriting(c, target)
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
	media, err := h.negotiate(c)
	if err != nil {
		return err
	}
	if err := h.Storage.Admit(c.Request.Context()); err != nil {
		return err
	}
	if err := admission.Of(c.Request.Context()).Upload(c.Request.Context()); err != nil {
		return err
	}
	draft, err := headers.Draft(operation.Import, target, h.Options.Lanes)
	if err != nil {
		return err
	}
	draft.Writing = writing
	upload, err := h.Store.NewUpload(draft)
	if err != nil {
		return err
	}
	reader := minrate.NewReader(c.Writer, c.Request, h.Options.UploadRate)
	body := intake.NewBody(reader, h.Options.Intake.Body, newDigest(c, target.Name, headers, writing))
	body.SetHold(admission.HoldFunc(c.Request.Context()))
	op, delimiter, err := h.receive(c, upload, body, media, target)
	if errors.Is(err, store.ErrIDTaken) {
		op, err = h.findRepeated(c, headers, body)
	}
	if err != nil {
		return err
	}
	reader.ClearDeadline()
	h.RespondAccepted(c, op, headers.Wait, delimiter)
	return nil
}

// negotiate checks what the headers reveal before the body is read.
func (h *Handler) negotiate(c *gin.Context) (intake.Media, error) {
	media, err := intake.Negotiate(c.GetHeader("Content-Type"), c.Request.Header.Values("Content-Encoding"))
	if err != nil {
		c.Header("Accept-Encoding", intake.AcceptEncoding) // RFC 9110 section 12.5.3: the codings that a 415 would have accepted
		return intake.Media{}, err
	}
	if limit := h.Options.Intake.Body; c.Request.ContentLength > limit {
		return intake.Media{}, tooLarge(limit)
	}
	return media, nil
}

func tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "body-too-large",
		"The body is larger than the limit of %d bytes. Split it into several imports.", limit).With("limit", limit)
}

// receive reads the body into the upload, seals it and dispatches its first chunks. An id that the
// client chose is claimed before the first byte is read, so that a concurrent request with the same
// id is rejected immediately (store.ErrIDTaken).
func (h *Handler) receive(
	c *gin.Context, upload *store.Upload, body *intake.Body, media intake.Media, target *collection.Collection,
) (op *operation.Operation, delimiter string, err error) {
	ctx := c.Request.Context()
	if body.HasDigest() {
		if err := h.receiver.claim(ctx, upload); err != nil {
			return nil, "", err
		}
	}
	records := &bodyRecords{Body: body, media: media, target: target, limits: h.Options.Intake}
	defer records.Close()
	op, err = h.receiver.receive(ctx, upload, records)
	if err != nil {
		return nil, "", err
	}
	submission.Dispatch(c, h.Dispatcher, h.Log, op)
	h.Log.InfoContext(c.Request.Context(), "import accepted", slog.String("collection", target.Name),
		slog.Int("records", op.Counts.Total), slog.Int("chunks", op.Chunks))
	delimiter, _ = records.reader.Delimiter()
	return op, delimiter, nil
}

// findRepeated returns the operation of an id that is in use, if this request is identical to the
// one that created it. The body is read only to compare its digest.
func (h *Handler) findRepeated(c *gin.Context, headers submission.Headers, body *intake.Body) (*operation.Operation, error) {
	ctx := c.Request.Context()
	if _, err := h.Store.Operation(ctx, headers.ID); fault.Is(err, fault.NotFound) {
		return nil, submission.PendingIDError(ctx, h.Store, headers.ID) // there is no digest to compare with yet
	}
	digest, err := body.Digest()
	if err != nil {
		return nil, err
	}
	return submission.FindRepeated(ctx, h.Store, headers.ID, digest)
}
