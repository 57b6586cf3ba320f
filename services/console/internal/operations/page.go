// Package operations serves a page with the queue entries of one operation. It leads from an
// operation's id, found in logs, metrics and responses of the api, to the entries in asynq's web
// UI.
package operations

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // the page's template and style
	"encoding/base64"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/logging"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/services/console/internal/queues"
)

const (
	// ID is the name of the operation's id in Path.
	ID = "id"
	// Path is the path of the page.
	Path = "/operations/{" + ID + "}"
)

// Page serves the page. It is safe for concurrent use.
type Page struct {
	inspector *queue.Inspector
	log       *slog.Logger
	traces    TraceLink
}

// New returns the page. It links to the trace of an operation with traces.
func New(inspector *queue.Inspector, traces TraceLink, log *slog.Logger) *Page {
	return &Page{inspector, log, traces}
}

// ServeHTTP shows the entries of the operation with the path value ID. It responds with 400 to an
// invalid id and with 503 while Redis does not answer. It never responds with 404: an operation
// without entries is not an error.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	value := r.PathValue(ID)
	id, err := uuid.Parse(value)
	if err != nil || value != id.String() {
		http.Error(w, "Not the id of an operation. An id looks like 0190a1f2-7c3e-7b8a-9d21-5f0c6e4b1a77; "+
			"the api returns it (operation id, Operation-Location), and logs contain it (operation).", http.StatusBadRequest)
		return
	}
	ctx := logging.With(r.Context(), slog.String(logging.Operation, id.String()))
	result, err := p.inspector.Find(ctx, id)
	if err != nil {
		p.log.WarnContext(ctx, "reading the queues failed", slog.Any("error", err))
		http.Error(w, "Redis does not answer, so the queues can't be read. No operation is lost: "+
			"the janitor queues due chunks again when Redis is back.", http.StatusServiceUnavailable)
		return
	}
	p.render(w, id, result)
}

// row is an entry on the page.
type row struct {
	Queue, Chunk, State, LastError, Next, Link string
}

var (
	//go:embed page.html
	source string
	//go:embed page.css
	style string

	page = template.Must(template.New("operation").Parse(source))
	// policy allows nothing but the page's own style.
	policy = "default-src 'none'; style-src " + cspHash(style) + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// cspHash returns the source expression that allows an inline element in a content security policy.
func cspHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (p *Page) render(w http.ResponseWriter, id uuid.UUID, result queue.FindResult) {
	slices.SortStableFunc(result.Entries, func(a, b queue.Entry) int {
		return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Chunk, b.Chunk), cmp.Compare(a.ID, b.ID))
	})
	rows := make([]row, 0, len(result.Entries))
	for _, entry := range result.Entries {
		rows = append(rows, rowOf(entry))
	}
	traceID := traceOf(result)
	var body bytes.Buffer
	if err := page.Execute(&body, map[string]any{
		"ID": id, "Rows": rows, "TraceID": traceID, "TraceLink": p.traces.For(id, traceID), "Truncated": result.Truncated, "Limit": queue.FindLimit,
		"Style": template.CSS(style), "Queues": queues.Root + "/", //nolint:gosec // G203: the style is our own file
	}); err != nil {
		http.Error(w, "Rendering the page failed.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	_, _ = w.Write(body.Bytes()) // an error means that the client has disconnected
}

// traceOf returns the id of the operation's trace; empty if no entry contains it.
func traceOf(result queue.FindResult) string {
	for _, entry := range result.Entries {
		if entry.TraceID != "" {
			return entry.TraceID
		}
	}
	return ""
}

func rowOf(e queue.Entry) row {
	r := row{
		Queue: e.Queue, Chunk: strconv.Itoa(e.Chunk), State: e.State, LastError: e.LastError,
		Link: queues.Root + "/queues/" + url.PathEscape(e.Queue) + "/tasks/" + url.PathEscape(e.ID),
	}
	if e.Orphaned {
		r.State += " (worker stopped)"
	}
	if !e.Next.IsZero() {
		r.Next = e.Next.UTC().Format(time.DateTime) + " UTC"
	}
	return r
}
