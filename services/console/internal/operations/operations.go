// Package operations shows what the queues hold of one operation: the way from an operation's id, which logs, metrics and answers of the api
// tell, to its entries in asynq's web UI.
package operations

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed" // the page
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
	// Path is where the page stands.
	Path = "/operations/:" + ID
)

// Finder looks through the queues.
type Finder interface {
	Find(ctx context.Context, operation uuid.UUID) (queue.FindResult, error)
}

// Page answers for the page; the request's path value ID is the operation's id. It is safe for concurrent use.
type Page struct {
	queues Finder
	log    *slog.Logger
}

var _ http.Handler = (*Page)(nil)

// New makes the page.
func New(queues Finder, log *slog.Logger) *Page { return &Page{queues, log} }

// ServeHTTP shows an operation's entries: 400 for what is no id, 503 while Redis does not answer, and never 404, because an operation
// that has no entries is as good as one that has.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given := r.PathValue(ID)
	id, err := uuid.Parse(given)
	if err != nil || given != id.String() {
		http.Error(w, "This is not the id of an operation: an id looks like 0190a1f2-7c3e-7b8a-9d21-5f0c6e4b1a77, and is told by the api "+
			"(operation id, Operation-Location) and by the logs (operation).", http.StatusBadRequest)
		return
	}
	ctx := logging.With(r.Context(), slog.String(logging.Operation, id.String()))
	found, err := p.queues.Find(ctx, id)
	if err != nil {
		p.log.WarnContext(ctx, "the queues could not be looked through", slog.Any("error", err))
		http.Error(w, "Redis does not answer, so nobody knows what is queued. No operation is lost by that: what is due is queued again when Redis is back.",
			http.StatusServiceUnavailable)
		return
	}
	show(w, id, found)
}

// row is an entry as the page shows it.
type row struct {
	Queue, Chunk, State, LastError, Next, Address string
}

//go:embed operations.html
var source string

var (
	page = template.Must(template.New("operation").Parse(source))
	//go:embed operations.css
	style string
	// policy allows nothing but the page's own style.
	policy = "default-src 'none'; style-src " + digestOf(style) + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func show(w http.ResponseWriter, id uuid.UUID, found queue.FindResult) {
	rows := make([]row, 0, len(found.Entries))
	slices.SortStableFunc(found.Entries, func(a, b queue.Entry) int {
		return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Chunk, b.Chunk), cmp.Compare(a.ID, b.ID))
	})
	for _, entry := range found.Entries {
		rows = append(rows, rowOf(entry))
	}
	var text bytes.Buffer
	if err := page.Execute(&text, map[string]any{
		"ID": id, "Rows": rows, "Cut": found.Truncated, "Limit": queue.FindLimit, "Style": template.CSS(style), "Queues": queues.Root + "/", //nolint:gosec // G203: our own file
	}); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	_, _ = w.Write(text.Bytes()) // the client is gone if this fails
}

func rowOf(e queue.Entry) row {
	r := row{
		Queue: e.Queue, Chunk: strconv.Itoa(e.Chunk), State: e.State, LastError: e.LastError,
		Address: queues.Root + "/queues/" + url.PathEscape(e.Queue) + "/tasks/" + url.PathEscape(e.ID),
	}
	if e.Orphaned {
		r.State += " (its worker is gone)"
	}
	if !e.Next.IsZero() {
		r.Next = e.Next.UTC().Format(time.DateTime) + " UTC"
	}
	return r
}
