// Package imports accepts bulk imports: it reads a body record by record, stages it durably, seals the operation and only
// then answers 202.
package imports

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/dialect/operations"
	"github.com/longshore-io/longshore/services/api/internal/dialect/tools"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/intake"
	"github.com/longshore-io/longshore/services/api/internal/pace"
	"github.com/longshore-io/longshore/services/api/internal/patience"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Options bounds what is accepted and how it is cut.
type Options struct {
	Intake   intake.Limits
	Patience patience.Terms
	// ChunkRecords and ChunkBytes bound a chunk.
	ChunkRecords, ChunkBytes int
	// Lanes is how many chunks of one import may be queued at once.
	Lanes int
}

// Handler accepts imports.
type Handler struct {
	receiver    receiver
	dispatcher  submission.Dispatcher
	collections *collection.Catalog
	addresses   edge.Addresses
	log         *slog.Logger
	pacer       *pace.Pacer
	policy      submission.Policy

	limits   intake.Limits
	patience patience.Terms
	lanes    int
}

// Deps are what a Handler works with.
type Deps struct {
	Store       *store.Store
	Dispatcher  submission.Dispatcher
	Collections *collection.Catalog
	Addresses   edge.Addresses
	Log         *slog.Logger
	Pacer       *pace.Pacer
	Policy      submission.Policy
}

// New makes a Handler.
func New(deps Deps, opts Options) *Handler {
	return &Handler{
		receiver:    receiver{store: deps.Store, log: deps.Log, maxRows: opts.ChunkRecords, maxBytes: opts.ChunkBytes},
		dispatcher:  deps.Dispatcher,
		collections: deps.Collections,
		addresses:   deps.Addresses,
		log:         deps.Log,
		pacer:       deps.Pacer,
		policy:      deps.Policy,
		limits:      opts.Intake,
		patience:    opts.Patience,
		lanes:       opts.Lanes,
	}
}

// Routes lists what the package answers.
func (h *Handler) Routes() []edge.Route {
	return []edge.Route{{
		Method: http.MethodPost, Path: "/api/:collection/import", Handler: h.submit,
		Summary: "Import records: JSON, NDJSON or CSV, also gzip or zstd. Answers 202 with the address to poll.",
	}}
}

// accepted is the body of the 202: the seed's two members, and what else a client can use at once.
type accepted struct {
	TaskReference string `json:"task_reference"`
	Status        string `json:"status"`
	ID            string `json:"id"`
	TotalRecords  int    `json:"total_records"`
	// Delimiter echoes the guess about a CSV body.
	Delimiter string `json:"csv_delimiter,omitempty"`
}

func (h *Handler) submit(c *gin.Context) error {
	target, err := h.collections.Find(c.Param("collection"))
	if err != nil {
		return err
	}
	terms, err := h.policy.Read(c.Request, operation.Import)
	if err != nil {
		return err
	}
	body, err := h.open(c, target)
	if err != nil {
		return err
	}
	defer body.Close()
	op, err := h.receiver.receive(c.Request.Context(), terms.Draft(operation.Import, target.Name, h.lanes), body)
	if err != nil {
		return err
	}
	submission.Dispatch(c.Request.Context(), h.dispatcher, h.log, op)
	h.log.Info("import accepted", slog.String("operation", op.ID.String()), slog.String("collection", target.Name),
		slog.Int("records", op.Counts.Total), slog.Int("chunks", op.Chunks))
	delimiter, _ := body.Delimiter()
	h.respond(c, op, delimiter)
	return nil
}

// open checks what can be known before the first byte of the body is read.
func (h *Handler) open(c *gin.Context, target *collection.Collection) (*intake.Reader, error) {
	media, err := intake.Negotiate(c.GetHeader("Content-Type"), c.Request.Header.Values("Content-Encoding"))
	if err != nil {
		c.Header("Accept-Encoding", intake.AcceptEncoding) // RFC 9110 section 12.5.3: what a 415 would have liked
		return nil, err
	}
	if c.Request.ContentLength > h.limits.Body {
		return nil, fault.New(fault.TooLarge, "body-too-large",
			"The body is larger than the limit of %d bytes. Split it into several imports.", h.limits.Body).
			With("limit", h.limits.Body)
	}
	return intake.Open(newPacedBody(c.Writer, c.Request, h.patience), media, target, h.limits)
}

func (h *Handler) respond(c *gin.Context, op *operation.Operation, delimiter string) {
	c.Header("Operation-Location", h.addresses.Absolute(c.Request, operations.Path(op)))
	c.Header("Location", h.addresses.Absolute(c.Request, tools.Path(op)))
	h.pacer.Hint(c.Request.Context(), c.Writer.Header(), op)
	c.PureJSON(http.StatusAccepted, accepted{
		TaskReference: op.Reference,
		Status:        tools.Word(op.State),
		ID:            op.ID.String(),
		TotalRecords:  op.Counts.Total,
		Delimiter:     delimiter,
	})
}
