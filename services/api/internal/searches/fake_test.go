package searches_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/edge/edgetest"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/searches"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

const (
	id   = "01a201ca-08ae-76bd-94da-dcd44d595976"
	path = "/search/status/" + id
)

var sealed = time.Date(2024, 8, 6, 15, 24, 15, 0, time.UTC)

// fake is a store, a monitor and a dispatcher of one search, and records its calls.
type fake struct {
	op operation.Operation
	// accepted is the result of Accept; nil means op.
	accepted *operation.Operation
	blocks   []store.OutputBlock
	// prepareErr is the error of PrepareScan.
	prepareErr error
	// readErr is the error of BeginRead.
	readErr    error
	drafts     []store.Draft
	dispatched int
	deleted    bool
	read       int // blocks
	peeks      int
}

func (f *fake) Accept(_ context.Context, draft store.Draft) (*operation.Operation, error) {
	f.drafts = append(f.drafts, draft)
	if f.accepted != nil {
		return f.accepted, nil
	}
	return &f.op, nil
}

func (f *fake) Operation(context.Context, uuid.UUID) (*operation.Operation, error) {
	return &f.op, nil
}

func (f *fake) MultipartUpload(context.Context, uuid.UUID) (*store.MultipartUpload, error) {
	return nil, store.UploadNotFound()
}

func (f *fake) PrepareScan(context.Context, *collection.Collection, query.Query) (*scan.Plan, error) {
	return nil, f.prepareErr
}

func (f *fake) BeginRead(context.Context) (func(), error) { return func() {}, f.readErr }

func (f *fake) Outputs(_ context.Context, _ uuid.UUID, _ string, from, limit int) ([]store.OutputBlock, error) {
	blocks := f.blocks[min(from, len(f.blocks)):]
	blocks = blocks[:min(limit, len(blocks))]
	f.read += len(blocks)
	return blocks, nil
}

func (f *fake) BlockOfRow(_ context.Context, _ uuid.UUID, _ string, row int) (seq, before int, ok bool, err error) {
	for _, block := range f.blocks {
		if row < before+block.Rows {
			return block.Seq, before, true, nil
		}
		before += block.Rows
	}
	return 0, 0, false, nil
}

func (f *fake) Dispatch(context.Context, job.Due) error {
	f.dispatched++
	return nil
}

// DispatchWhole is never called: a search is no import.
func (f *fake) DispatchWhole(context.Context, *operation.Operation) error {
	return errors.ErrUnsupported
}

func (f *fake) Find(_ context.Context, id uuid.UUID) (*operation.Operation, error) {
	if id != f.op.ID {
		return nil, fault.New(fault.NotFound, "operation-not-found", "There is none.")
	}
	return &f.op, nil
}

// Peek counts its calls, which are no polls.
func (f *fake) Peek(ctx context.Context, id uuid.UUID) (*operation.Operation, error) {
	f.peeks++
	return f.Find(ctx, id)
}

func (f *fake) Await(context.Context, *operation.Operation, time.Duration, func(*operation.Operation) bool) (*operation.Operation, error) {
	return &f.op, nil
}

func (f *fake) Delete(context.Context, *operation.Operation) (*operation.Operation, bool, error) {
	f.deleted = true
	if f.op.State.Terminal() {
		return &f.op, false, nil
	}
	f.op.State = operation.Cancelled
	return &f.op, true, nil
}

// newFake returns a fake with a search in a state that has found some records, two in each block.
func newFake(state operation.State, found int) *fake {
	f := &fake{op: operation.Operation{
		ID: uuid.MustParse(id), Kind: operation.Search, Collection: "tools", State: state, SealedAt: sealed, StartedAt: sealed, Progress: 56,
		Chunks: 1, Lanes: 1, Result: json.RawMessage(fmt.Sprintf(`{"returned":%d,"scanned":1000,"truncated":false}`, found)),
	}}
	for n := 0; n < found; n += 2 {
		block := store.OutputBlock{Seq: n / 2}
		for i := n; i < min(n+2, found); i++ {
			block.Rows++
			block.Bytes = fmt.Appendf(block.Bytes, "{\"n\":%d}\n", i)
		}
		f.blocks = append(f.blocks, block)
	}
	return f
}

func (f *fake) send(t *testing.T, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	return f.sendWith(t.Context(), t, method, path, body)
}

// sendWith sends a request with a context.
func (f *fake) sendWith(ctx context.Context, t *testing.T, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	collections := collectiontest.Shipped(t)
	handler, err := searches.New(searches.Deps{
		Monitor: f, Store: f, Dispatcher: f, Collections: collections.Catalog, Addresses: edge.NewAddresses("https://api.example"),
		Estimator: retryafter.New(func() time.Time { return sealed.Add(time.Hour) }), Log: slog.New(slog.DiscardHandler),
		Policy: submission.Policy{MaxWait: time.Minute, Retention: map[operation.Kind]submission.RetentionRange{
			operation.Search: {Default: time.Hour, Min: time.Minute, Max: 2 * time.Hour},
		}},
		Options: searches.Options{MaxLimit: 50, Moment: time.Second, PollWithin: 8 * time.Second, UploadRate: minrate.Limit{Grace: time.Second, MinRate: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return edgetest.SendWith(ctx, t, edgetest.NewEngine(handler.Routes()), method, path, body)
}
