// Package imports accepts bulk imports: it reads a body record by record, stages it durably, seals the operation and only
// then answers 202.
package imports

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/intake"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Options bounds what is accepted and how it is cut.
type Options struct {
	Intake     intake.Limits
	UploadRate minrate.Limit
	// ChunkRecords and ChunkBytes bound a chunk.
	ChunkRecords, ChunkBytes int
	// Lanes is how many chunks of one import may be queued at once.
	Lanes int
}

// Handler accepts imports.
type Handler struct {
	Deps
	receiver receiver
	opts     Options
}

// Deps are what a Handler works with.
type Deps struct {
	Store       *store.Store
	Dispatcher  submission.Dispatcher
	Collections *collection.Catalog
	Log         *slog.Logger
	Policy      submission.Policy
	Answers     Answers
}

// New makes a Handler.
func New(deps Deps, opts Options) *Handler {
	return &Handler{
		Deps:     deps,
		receiver: receiver{store: deps.Store, log: deps.Log, maxRows: opts.ChunkRecords, maxBytes: opts.ChunkBytes},
		opts:     opts,
	}
}

// Routes lists what the package answers.
func (h *Handler) Routes() []edge.Route {
	return []edge.Route{{
		Method: http.MethodPost, Path: "/api/:collection/import", Handler: h.submit,
		Summary: "Import records: JSON, NDJSON or CSV, also gzip or zstd. Answers 202 with the address to poll.",
	}}
}

func (h *Handler) submit(c *gin.Context) error {
	target, err := h.Collections.Find(c.Param("collection"))
	if err != nil {
		return err
	}
	terms, err := h.Policy.Read(c.Request, operation.Import)
	if err != nil {
		return err
	}
	media, err := h.negotiate(c)
	if err != nil {
		return err
	}
	sent := newContent(c, target.Name, terms, h.opts)
	upload, err := h.Store.NewUpload(terms.Draft(operation.Import, target.Name, h.opts.Lanes))
	if err != nil {
		return err
	}
	op, delimiter, err := h.take(c, upload, sent, media, target)
	if errors.Is(err, store.ErrIDTaken) {
		op, err = h.repeat(c, terms, sent)
	}
	if err != nil {
		return err
	}
	sent.wire.ClearDeadline()
	h.Answers.Accepted(c, op, terms.Wait, delimiter)
	return nil
}

// negotiate checks what can be known before the first byte of the body is read.
func (h *Handler) negotiate(c *gin.Context) (intake.Media, error) {
	media, err := intake.Negotiate(c.GetHeader("Content-Type"), c.Request.Header.Values("Content-Encoding"))
	if err != nil {
		c.Header("Accept-Encoding", intake.AcceptEncoding) // RFC 9110 section 12.5.3: what a 415 would have liked
		return intake.Media{}, err
	}
	if c.Request.ContentLength > h.opts.Intake.Body {
		return intake.Media{}, tooLarge(h.opts.Intake.Body)
	}
	return media, nil
}

func tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "body-too-large",
		"The body is larger than the limit of %d bytes. Split it into several imports.", limit).With("limit", limit)
}

// take reads the body into the upload, seals it and rings the bell. An id that the client gave is claimed before the first byte is read:
// while one request brings the body, another with the same id is told at once.
func (h *Handler) take(
	c *gin.Context, upload *store.Upload, sent *content, media intake.Media, target *collection.Collection,
) (op *operation.Operation, delimiter string, err error) {
	ctx := c.Request.Context()
	if sent.identified() {
		if err := h.receiver.claim(ctx, upload); err != nil {
			return nil, "", err
		}
	}
	body := &records{content: sent, media: media, target: target, limits: h.opts.Intake}
	defer body.Close()
	op, err = h.receiver.receive(ctx, upload, body)
	if err != nil {
		return nil, "", err
	}
	submission.Dispatch(c, h.Dispatcher, h.Log, op)
	h.Log.InfoContext(c.Request.Context(), "import accepted", slog.String("collection", target.Name),
		slog.Int("records", op.Counts.Total), slog.Int("chunks", op.Chunks))
	delimiter, _ = body.reader.Delimiter()
	return op, delimiter, nil
}

// repeat finds the operation of an id that is in use, if this request is like the one that made it. The body is read for comparing only.
func (h *Handler) repeat(c *gin.Context, terms submission.Headers, sent *content) (*operation.Operation, error) {
	ctx := c.Request.Context()
	if _, err := h.Store.Operation(ctx, terms.ID); fault.Is(err, fault.NotFound) {
		return nil, submission.PendingIDError(ctx, h.Store, terms.ID) // no need to read what can't be compared yet
	}
	digest, err := sent.Digest()
	if err != nil {
		return nil, err
	}
	return submission.FindRepeated(ctx, h.Store, terms.ID, digest)
}
