package searches_test

import (
	"context"
	"encoding/json"
	"fmt"
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
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/table/scan"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/problem"
	"github.com/longshore-io/longshore/services/api/internal/retryafter"
	"github.com/longshore-io/longshore/services/api/internal/searches"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

const id = "01a201ca-08ae-76bd-94da-dcd44d595976"

var sealed = time.Date(2024, 8, 6, 15, 24, 15, 0, time.UTC)

// backend is a store and a monitor of one search.
type backend struct {
	op     operation.Operation
	pieces []store.OutputBlock
	// prepared is what Postgres says of a query.
	prepared error
	drafts   []store.Draft
	rung     int
	deleted  bool
	read     int // pieces
	glances  int
}

func (b *backend) Accept(_ context.Context, draft store.Draft) (*operation.Operation, error) {
	b.drafts = append(b.drafts, draft)
	return &b.op, nil
}

func (b *backend) Operation(context.Context, uuid.UUID) (*operation.Operation, error) {
	return &b.op, nil
}

// Parts finds no uploads in pieces.
func (b *backend) MultipartUpload(context.Context, uuid.UUID) (*store.MultipartUpload, error) {
	return nil, store.UploadNotFound()
}

func (b *backend) PrepareScan(context.Context, *collection.Collection, query.Query) (*scan.Plan, error) {
	return nil, b.prepared
}

func (b *backend) Outputs(_ context.Context, _ uuid.UUID, _ string, from, limit int) ([]store.OutputBlock, error) {
	left := b.pieces[min(from, len(b.pieces)):]
	left = left[:min(limit, len(left))]
	b.read += len(left)
	return left, nil
}

func (b *backend) BlockOfRow(_ context.Context, _ uuid.UUID, _ string, row int) (seq, before int, ok bool, err error) {
	for _, p := range b.pieces {
		if row < before+p.Rows {
			return p.Seq, before, true, nil
		}
		before += p.Rows
	}
	return 0, 0, false, nil
}

func (b *backend) Dispatch(context.Context, job.Kind, job.Chunk, queue.Generation) error {
	b.rung++
	return nil
}

func (b *backend) Find(_ context.Context, asked uuid.UUID) (*operation.Operation, error) {
	if asked != b.op.ID {
		return nil, fault.New(fault.NotFound, "operation-not-found", "There is none.")
	}
	return &b.op, nil
}

// Peek is Find that counts as no poll.
func (b *backend) Peek(ctx context.Context, wanted uuid.UUID) (*operation.Operation, error) {
	b.glances++
	return b.Find(ctx, wanted)
}

func (b *backend) Await(context.Context, *operation.Operation, time.Duration, func(*operation.Operation) bool) (*operation.Operation, error) {
	return &b.op, nil
}

func (b *backend) Delete(context.Context, *operation.Operation) (*operation.Operation, bool, error) {
	b.deleted = true
	if b.op.State.Terminal() {
		return &b.op, false, nil
	}
	b.op.State = operation.Cancelled
	return &b.op, true, nil
}

// in is a search in a state that has found so many records, two in each piece.
func in(state operation.State, found int) *backend {
	b := &backend{op: operation.Operation{
		ID: uuid.MustParse(id), Kind: operation.Search, Collection: "tools", State: state, SealedAt: sealed, StartedAt: sealed, Progress: 56,
		Chunks: 1, Lanes: 1, Result: json.RawMessage(fmt.Sprintf(`{"returned":%d,"scanned":1000,"truncated":false}`, found)),
	}}
	for n := 0; n < found; n += 2 {
		p := store.OutputBlock{Seq: n / 2}
		for i := n; i < min(n+2, found); i++ {
			p.Rows++
			p.Bytes = fmt.Appendf(p.Bytes, "{\"n\":%d}\n", i)
		}
		b.pieces = append(b.pieces, p)
	}
	return b
}

func ask(t *testing.T, b *backend, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	collections, err := collection.Load("")
	if err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	handler, err := searches.New(searches.Deps{
		Monitor: b, Store: b, Dispatcher: b, Collections: collections, Addresses: edge.NewAddresses("https://api.example"),
		Estimator: retryafter.New(func() time.Time { return sealed.Add(time.Hour) }), Log: slog.New(slog.DiscardHandler),
		Policy: submission.Policy{MaxWait: time.Minute, Retention: map[operation.Kind]submission.RetentionRange{
			operation.Search: {Default: time.Hour, Min: time.Minute, Max: 2 * time.Hour},
		}},
		Options: searches.Options{MaxLimit: 50, Moment: time.Second, PollWithin: 8 * time.Second, UploadRate: minrate.Limit{Grace: time.Second, MinRate: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range edge.WithHead(handler.Routes()) {
		engine.Handle(route.Method, route.Path, func(c *gin.Context) {
			if err := route.Handler(c); err != nil {
				problem.Write(c.Writer, c.Request, "req-1", err)
			}
		})
	}
	w := httptest.NewRecorder()
	engine.ServeHTTP(deadlined{w}, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return w
}

// deadlined takes deadlines as a connection does.
type deadlined struct{ *httptest.ResponseRecorder }

// SetReadDeadline does nothing.
func (deadlined) SetReadDeadline(time.Time) error { return nil }
