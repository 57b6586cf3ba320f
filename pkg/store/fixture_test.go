package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// fixture is a test database with a Store and a plain connection.
type fixture struct {
	url   string
	store *store.Store
	sql   *pgx.Conn
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	s, err := store.Open(t.Context(), url, store.Options{Application: t.Name(), MaxConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return fixture{url: url, store: s, sql: storetest.Connect(t, url)}
}

// count runs a query that returns one number.
func (f fixture) count(t *testing.T, query string, args ...any) int {
	t.Helper()
	var n int
	if err := f.sql.QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (f fixture) upload(t *testing.T, lanes int) *store.Upload {
	t.Helper()
	u, err := f.store.NewUpload(store.Draft{
		Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: lanes,
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// chunks packs n records, rows of them in each chunk.
func chunks(n, rows int) []chunk.Chunk {
	var packed []chunk.Chunk
	packer := chunk.NewPacker(rows, 1<<20)
	for i := range n {
		if packer.Add(fmt.Appendf(nil, `{"n":%d}`, i+1)) || i == n-1 {
			packed = append(packed, packer.Cut())
		}
	}
	return packed
}

// seal stages n records and accepts the operation.
func (f fixture) seal(t *testing.T, lanes, n, rows int) *operation.Operation {
	t.Helper()
	u := f.upload(t, lanes)
	staged := chunks(n, rows)
	last := len(staged) - 1
	for _, c := range staged[:last] {
		if err := u.Stage(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	op, err := u.Seal(t.Context(), staged[last])
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// all is work that gives every row of a step the same outcome.
func all(outcome operation.Outcome) func(context.Context, *store.Step) (store.Effect, error) {
	return func(_ context.Context, s *store.Step) (store.Effect, error) {
		var effect store.Effect
		for n := range s.Rows {
			effect.Outcomes = append(effect.Outcomes, outcome)
			if outcome == operation.Rejected {
				effect.Rejections = append(effect.Rejections, operation.Rejection{
					Row: s.FirstRow + n, Received: []byte(`{"n":"x"}`),
					Reasons: []operation.Reason{{Pointer: "/n", Code: "type", Message: "must be a number"}},
				})
			}
		}
		return effect, nil
	}
}

func of(op *operation.Operation, seq int) job.Chunk { return job.Chunk{OperationID: op.ID, Seq: seq} }

func (f fixture) mustStep(t *testing.T, c job.Chunk, outcome operation.Outcome) store.Committed {
	t.Helper()
	if _, err := f.store.BeginAttempt(t.Context(), c, operation.Import); err != nil {
		t.Fatal(err)
	}
	done, err := f.store.RunStep(t.Context(), c, all(outcome))
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// start seals an import and lets a worker take it, so that steps may run.
func (f fixture) start(t *testing.T, lanes, n, rows int) *operation.Operation {
	t.Helper()
	op := f.seal(t, lanes, n, rows)
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), op.Kind); err != nil {
		t.Fatal(err)
	}
	return op
}

func (f fixture) mustRead(t *testing.T, id uuid.UUID) *operation.Operation {
	t.Helper()
	op, err := f.store.Operation(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return op
}
