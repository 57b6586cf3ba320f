package reports_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/queue"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/problem"
	"github.com/longshore-io/longshore/services/api/internal/reports"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

var (
	sealed   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	reportID = uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595976")
	importID = uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595977")
	searchID = uuid.MustParse("01a201ca-08ae-76bd-94da-dcd44d595978")
)

// pieceBytes is small, so that a short file has many pieces.
const pieceBytes = 7

// world has one report, number 555, an import and a search, and remembers what was done to it.
type world struct {
	report, imported, search operation.Operation
	content                  string
	drafts                   []store.Draft
	dispatched               []job.Chunk
	reads                    int
	vanished                 bool
	glances                  int
}

func newWorld(state operation.State) *world {
	w := &world{content: "The content of a report, in several pieces."}
	w.report = operation.Operation{
		ID: reportID, Kind: operation.Report, Number: 555, State: state, SealedAt: sealed, Request: json.RawMessage(`{"report":"imports","format":"pdf"}`),
	}
	w.imported = operation.Operation{ID: importID, Kind: operation.Import, Number: 1, Collection: "tools", State: operation.Running}
	w.search = operation.Operation{ID: searchID, Kind: operation.Search, Number: 2, Collection: "tools", State: operation.Succeeded}
	if state == operation.Succeeded {
		w.finish(report.PDF)
	}
	return w
}

// finish gives the report its file.
func (w *world) finish(f report.Format) {
	sum := sha256.Sum256([]byte(w.content))
	w.report.State, w.report.FinishedAt, w.report.ExpiresAt = operation.Succeeded, sealed, sealed.Add(time.Hour)
	w.report.Request, _ = json.Marshal(report.Request{Report: report.Imports, Format: f})
	if f != report.PDF && f != report.HTML {
		w.report.Request, _ = json.Marshal(report.Request{Report: report.Records, Format: f, Collection: "tools"})
	}
	w.report.Result, _ = json.Marshal(report.File{
		Name: report.FileName(555, f), MediaType: f.MediaType(), Size: int64(len(w.content)), SHA256: hex.EncodeToString(sum[:]),
	})
}

func (w *world) all() []*operation.Operation {
	return []*operation.Operation{&w.report, &w.imported, &w.search}
}

func (w *world) pick(is func(*operation.Operation) bool) (*operation.Operation, error) {
	for _, op := range w.all() {
		switch {
		case !is(op):
		case op.Expired:
			return nil, fault.New(fault.Gone, "operation-expired", "Gone.")
		default:
			return op, nil
		}
	}
	return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
}

func (w *world) Find(_ context.Context, id uuid.UUID) (*operation.Operation, error) {
	return w.pick(func(op *operation.Operation) bool { return op.ID == id })
}

func (w *world) Operation(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	return w.Find(ctx, id)
}

// Parts finds no uploads in pieces.
func (w *world) MultipartUpload(context.Context, uuid.UUID) (*store.MultipartUpload, error) {
	return nil, store.UploadNotFound()
}

func (w *world) FindByNumber(_ context.Context, number int64) (*operation.Operation, error) {
	return w.pick(func(op *operation.Operation) bool { return op.Number == number })
}

// PeekByNumber is FindByNumber that counts as no poll.
func (w *world) PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	w.glances++
	return w.FindByNumber(ctx, number)
}

// Await ends the report at once.
func (w *world) Await(_ context.Context, op *operation.Operation, _ time.Duration, enough func(*operation.Operation) bool) (*operation.Operation, error) {
	w.finish(report.PDF)
	if op.ID != reportID || !enough(&w.report) {
		return op, nil
	}
	return &w.report, nil
}

func (w *world) Delete(_ context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error) {
	if op.State.Terminal() {
		op.Expired = true
		return op, false, nil
	}
	op.State = operation.Cancelled
	return op, true, nil
}

func (w *world) Accept(_ context.Context, draft store.Draft) (*operation.Operation, error) {
	if draft.ID == importID {
		return nil, store.ErrIDTaken
	}
	w.drafts = append(w.drafts, draft)
	return &w.report, nil
}

func (w *world) PrepareScan(_ context.Context, _ *collection.Collection, _ query.Query) (*scan.Plan, error) {
	return nil, nil //nolint:nilnil // whoever checks does not look at the plan
}

func (w *world) OutputAt(_ context.Context, _ uuid.UUID, stage string, offset int64) (*store.OutputBlock, error) {
	w.reads++
	if stage != store.FileStage || w.vanished {
		return nil, nil //nolint:nilnil // as the store says that there is none
	}
	at := offset / pieceBytes * pieceBytes
	return &store.OutputBlock{Offset: at, Bytes: []byte(w.content[at:min(at+pieceBytes, int64(len(w.content)))])}, nil
}

func (w *world) Dispatch(_ context.Context, _ job.Kind, c job.Chunk, _ queue.Generation) error {
	w.dispatched = append(w.dispatched, c)
	return nil
}

// ask sends a request; headers are "Name: value".
func (w *world) ask(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	collections, err := collection.Load("")
	if err != nil {
		t.Fatal(err)
	}
	day := submission.RetentionRange{Default: 24 * time.Hour, Min: time.Hour, Max: 48 * time.Hour}
	handler, err := reports.New(reports.Deps{
		Monitor: w, Store: w, Dispatcher: w, Collections: collections, Addresses: edge.NewAddresses("https://api.example"),
		Estimator:  retryafter.New(func() time.Time { return sealed.Add(3 * time.Second) }),
		Policy:     submission.Policy{MaxWait: time.Minute, Retention: map[operation.Kind]submission.RetentionRange{operation.Report: day}},
		Log:        slog.New(slog.DiscardHandler),
		UploadRate: minrate.Limit{Grace: time.Second, MinRate: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	for _, route := range edge.WithHead(handler.Routes()) {
		engine.Handle(route.Method, route.Path, func(c *gin.Context) {
			if err := route.Handler(c); err != nil && !c.Writer.Written() {
				problem.Write(c.Writer, c.Request, "req-1", err)
			}
		})
	}
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		request.Header.Set(name, value)
	}
	answer := &deadlined{httptest.NewRecorder()}
	engine.ServeHTTP(answer, request)
	return answer.ResponseRecorder
}

// deadlined takes read deadlines, as a connection does.
type deadlined struct{ *httptest.ResponseRecorder }

func (d *deadlined) SetReadDeadline(time.Time) error { return nil }

func expectProblem(t *testing.T, what string, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	if w.Code != status || w.Header().Get("X-Ms-Error-Code") != code || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d %s, want %d %s: %s", what, w.Code, w.Header().Get("X-Ms-Error-Code"), status, code, w.Body)
	}
}
