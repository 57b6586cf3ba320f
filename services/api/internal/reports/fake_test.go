package reports_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/report"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
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

// blockBytes is small, so that a short file has several blocks.
const blockBytes = 7

// fake is a store, a monitor and a dispatcher of report number 555, an import and a search, and
// records its calls.
type fake struct {
	report, imported, search operation.Operation
	content                  string
	drafts                   []store.Draft
	dispatched               []job.Chunk
	reads                    int // blocks
	deleted                  bool
	peeks                    int
}

// newFake returns a fake whose report is in a state.
func newFake(state operation.State) *fake {
	f := &fake{content: "The content of a report, in several pieces."}
	f.report = operation.Operation{
		ID: reportID, Kind: operation.Report, Number: 555, State: state, SealedAt: sealed, Request: json.RawMessage(`{"report":"imports","format":"pdf"}`),
	}
	f.imported = operation.Operation{ID: importID, Kind: operation.Import, Number: 1, Collection: "tools", State: operation.Running}
	f.search = operation.Operation{ID: searchID, Kind: operation.Search, Number: 2, Collection: "tools", State: operation.Succeeded}
	if state == operation.Succeeded {
		f.finish(report.PDF)
	}
	return f
}

// finish finishes the report with a file of a format.
func (f *fake) finish(format report.Format) {
	sum := sha256.Sum256([]byte(f.content))
	f.report.State, f.report.FinishedAt, f.report.ExpiresAt = operation.Succeeded, sealed, sealed.Add(time.Hour)
	request := report.Request{Report: report.Imports, Format: format}
	if format != report.PDF && format != report.HTML {
		request = report.Request{Report: report.Records, Format: format, Collection: "tools"}
	}
	f.report.Request, _ = json.Marshal(request)
	f.report.Result, _ = json.Marshal(report.File{
		Name: report.FileName(555, format), MediaType: format.MediaType(), Size: int64(len(f.content)), SHA256: hex.EncodeToString(sum[:]),
	})
}

func (f *fake) find(match func(*operation.Operation) bool) (*operation.Operation, error) {
	for _, op := range []*operation.Operation{&f.report, &f.imported, &f.search} {
		switch {
		case !match(op):
		case op.Expired:
			return nil, fault.New(fault.Gone, "operation-expired", "Gone.")
		default:
			return op, nil
		}
	}
	return nil, fault.New(fault.NotFound, "operation-not-found", "There is no such operation.")
}

func (f *fake) Find(_ context.Context, id uuid.UUID) (*operation.Operation, error) {
	return f.find(func(op *operation.Operation) bool { return op.ID == id })
}

func (f *fake) Operation(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	return f.Find(ctx, id)
}

func (f *fake) MultipartUpload(context.Context, uuid.UUID) (*store.MultipartUpload, error) {
	return nil, store.UploadNotFound()
}

func (f *fake) FindByNumber(_ context.Context, number int64) (*operation.Operation, error) {
	return f.find(func(op *operation.Operation) bool { return op.Number == number })
}

// PeekByNumber counts its calls, which are no polls.
func (f *fake) PeekByNumber(ctx context.Context, number int64) (*operation.Operation, error) {
	f.peeks++
	return f.FindByNumber(ctx, number)
}

// Await finishes the report immediately.
func (f *fake) Await(_ context.Context, op *operation.Operation, _ time.Duration, enough func(*operation.Operation) bool) (*operation.Operation, error) {
	f.finish(report.PDF)
	if op.ID != reportID || !enough(&f.report) {
		return op, nil
	}
	return &f.report, nil
}

func (f *fake) Delete(_ context.Context, op *operation.Operation) (left *operation.Operation, cancelled bool, err error) {
	if op.State.Terminal() {
		op.Expired = true
		return op, false, nil
	}
	op.State = operation.Cancelled
	return op, true, nil
}

func (f *fake) Accept(_ context.Context, draft store.Draft) (*operation.Operation, error) {
	if draft.ID == importID {
		return nil, store.ErrIDTaken
	}
	f.drafts = append(f.drafts, draft)
	return &f.report, nil
}

func (f *fake) PrepareScan(context.Context, *collection.Collection, query.Query) (*scan.Plan, error) {
	return nil, nil //nolint:nilnil // the handler ignores the plan
}

func (*fake) BeginRead(context.Context) (func(), error) { return func() {}, nil }

func (f *fake) OutputAt(_ context.Context, _ uuid.UUID, stage string, offset int64) (*store.OutputBlock, error) {
	f.reads++
	if stage != store.FileStage || f.deleted {
		return nil, nil //nolint:nilnil // as the store reports a missing block
	}
	start := offset / blockBytes * blockBytes
	return &store.OutputBlock{Offset: start, Bytes: []byte(f.content[start:min(start+blockBytes, int64(len(f.content)))])}, nil
}

func (f *fake) Dispatch(_ context.Context, due job.Due) error {
	f.dispatched = append(f.dispatched, due.Chunk)
	return nil
}

// DispatchWhole is never called: a report is no import.
func (f *fake) DispatchWhole(context.Context, *operation.Operation) error {
	return errors.ErrUnsupported
}

// checkReads checks how many blocks were read.
func (f *fake) checkReads(t *testing.T, want int) {
	t.Helper()
	if f.reads != want {
		t.Errorf("blocks read = %d, want %d", f.reads, want)
	}
}

// send sends a request; headers are alternating names and values.
func (f *fake) send(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	collections := collectiontest.Shipped(t)
	day := submission.RetentionRange{Default: 24 * time.Hour, Min: time.Hour, Max: 48 * time.Hour}
	handler, err := reports.New(reports.Deps{
		Monitor: f, Store: f, Dispatcher: f, Collections: collections.Catalog, Addresses: edge.NewAddresses("https://api.example"),
		Estimator:  retryafter.New(func() time.Time { return sealed.Add(3 * time.Second) }),
		Policy:     submission.Policy{MaxWait: time.Minute, Retention: map[operation.Kind]submission.RetentionRange{operation.Report: day}},
		Log:        slog.New(slog.DiscardHandler),
		UploadRate: minrate.Limit{Grace: time.Second, MinRate: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return edgetest.Send(t, edgetest.NewEngine(handler.Routes()), method, path, body, headers...)
}
