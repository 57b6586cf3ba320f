package imports

import (
	"errors"
	"io"
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
	options, err := intake.ParseOptions(c.Request.URL.Query())
	if err != nil {
		return err
	}
	media, err := h.negotiate(c, options)
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
	src, err := h.open(c, media, options)
	if err != nil {
		return err
	}
	src.Body = intake.NewBody(src.file, h.Options.Intake.Body, newDigest(c, target.Name, src.contentType, headers, writing, src.options))
	src.SetHold(admission.HoldFunc(c.Request.Context()))
	op, how, err := h.receive(c, upload, src, target)
	if errors.Is(err, store.ErrIDTaken) {
		op, err = h.findRepeated(c, headers, src.Body)
	}
	if err != nil {
		return err
	}
	src.request.ClearDeadline()
	h.RespondAccepted(c, op, headers.Wait, how)
	return nil
}

// incoming is what a request imports: its body, or the file of a form.
type incoming struct {
	*intake.Body
	request *minrate.Reader
	// file has the bytes of Body.
	file        io.Reader
	contentType string
	// options are those of the address and of the fields of a form.
	options intake.Options
	media   intake.Media
	// form is nil if the file is all of the request.
	form *form
}

// open returns the source. Of a form it reads the beginning.
func (h *Handler) open(c *gin.Context, media intake.Media, options intake.Options) (*incoming, error) {
	request := minrate.NewReader(c.Writer, c.Request, h.Options.UploadRate)
	s := &incoming{request: request, file: request, contentType: c.GetHeader("Content-Type"), options: options, media: media}
	boundary, ok := isForm(s.contentType)
	if !ok {
		return s, nil
	}
	var err error
	if s.form, s.file, err = openForm(request, boundary, options); err != nil {
		return nil, err
	}
	s.contentType, s.options = s.form.contentType, s.form.options
	s.media, err = intake.Negotiate(s.contentType, nil, s.options)
	return s, err
}

// negotiate checks what the headers reveal before the body is read.
func (h *Handler) negotiate(c *gin.Context, options intake.Options) (intake.Media, error) {
	contentType := c.GetHeader("Content-Type")
	if _, ok := isForm(contentType); ok {
		contentType = "" // that of its file is not known yet
	}
	media, err := intake.Negotiate(contentType, c.Request.Header.Values("Content-Encoding"), options)
	if err == nil && contentType != c.GetHeader("Content-Type") && media.Coding != intake.Identity {
		err = malformedForm("It has a Content-Encoding. Compress the file in it instead.")
	}
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
	c *gin.Context, upload *store.Upload, src *incoming, target *collection.Collection,
) (op *operation.Operation, how Reading, err error) {
	ctx := c.Request.Context()
	if src.HasDigest() {
		if err := h.receiver.claim(ctx, upload); err != nil {
			return nil, how, err
		}
	}
	records := &bodyRecords{incoming: src, target: target, limits: h.Options.Intake}
	defer records.Close()
	archive, err := records.start()
	switch {
	case err != nil:
		h.receiver.drops.drop(ctx, upload, err)
	case archive:
		op, err = h.receiver.keep(ctx, upload, records, h.Options)
	default:
		op, err = h.receiver.receive(ctx, upload, records)
	}
	if err != nil {
		return nil, how, err
	}
	submission.Dispatch(c, h.Dispatcher, h.Log, op)
	h.Log.InfoContext(c.Request.Context(), "import accepted", slog.String("collection", target.Name),
		slog.Int("records", op.Counts.Total), slog.Int("chunks", op.Chunks))
	return op, records.reading(), nil
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
