package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// maxRows is a limit that none of these tests reaches.
const maxRows = 100

// fixture is a test database with a Store and a plain connection.
type fixture struct {
	url   string
	store *store.Store
	sql   *pgx.Conn
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	url := storetest.NewDatabase(t)
	s := storetest.Open(t, url, store.Options{Application: t.Name(), MaxConns: 8})
	return fixture{url: url, store: s, sql: storetest.Connect(t, url)}
}

// exec runs a statement, for example to move a time into the past.
func (f fixture) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	storetest.Exec(t, f.sql, statement, args...)
}

// count runs a query that returns one number.
func (f fixture) count(t *testing.T, query string, args ...any) int {
	t.Helper()
	return storetest.Number(t, f.sql, query, args...)
}

// await repeats a query until it returns true.
func (f fixture) await(t *testing.T, query string, args ...any) {
	t.Helper()
	storetest.Await(t, f.sql, query, args...)
}

// must returns the value and panics if there is an error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
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

// chunks packs n records into chunks of at most the given number of rows.
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

// seal stages n records in chunks of the given number of rows and accepts the operation.
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

// all returns the work of a step that gives every row the same outcome.
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

// attempt begins an attempt, so that the operation is running.
func (f fixture) attempt(t *testing.T, c job.Chunk, kind operation.Kind) store.Attempt {
	t.Helper()
	attempt, err := f.store.BeginAttempt(t.Context(), c, kind)
	if err != nil {
		t.Fatal(err)
	}
	return attempt
}

// step runs a step that gives every row of an import's chunk the same outcome.
func (f fixture) step(t *testing.T, c job.Chunk, outcome operation.Outcome) store.Committed {
	t.Helper()
	f.attempt(t, c, operation.Import)
	committed, err := f.store.RunStep(t.Context(), c, all(outcome))
	if err != nil {
		t.Fatal(err)
	}
	return committed
}

// start seals an import and begins an attempt at its first chunk.
func (f fixture) start(t *testing.T, lanes, n, rows int) *operation.Operation {
	t.Helper()
	op := f.seal(t, lanes, n, rows)
	f.attempt(t, of(op, 0), op.Kind)
	return op
}

// search accepts a search that clients must poll within the given time; 0 means never.
func (f fixture) search(t *testing.T, pollWithin time.Duration) *operation.Operation {
	t.Helper()
	op, err := f.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, PollWithin: pollWithin,
		Request: []byte(`{"q":"x"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// startSearch accepts a search and begins an attempt at its first step.
func (f fixture) startSearch(t *testing.T) *operation.Operation {
	t.Helper()
	op := f.search(t, 0)
	f.attempt(t, of(op, 0), op.Kind)
	return op
}

// resume runs a step of a search or a report that only stores the given progress.
func (f fixture) resume(t *testing.T, op *operation.Operation, p store.Progress) store.Committed {
	t.Helper()
	committed, err := f.store.RunResumable(t.Context(), of(op, 0),
		func(context.Context, *store.ResumableStep) (store.Progress, error) { return p, nil })
	if err != nil {
		t.Fatal(err)
	}
	return committed
}

// cancel cancels an operation that is live.
func (f fixture) cancel(t *testing.T, op *operation.Operation) {
	t.Helper()
	if _, cancelled, err := f.store.Cancel(t.Context(), op.ID); err != nil || !cancelled {
		t.Fatalf("Cancel() = %v, %v, want true", cancelled, err)
	}
}

// prune prunes an operation that is finished.
func (f fixture) prune(t *testing.T, op *operation.Operation) {
	t.Helper()
	if pruned, err := f.store.Prune(t.Context(), op.ID); err != nil || !pruned {
		t.Fatalf("Prune() = %v, %v, want true", pruned, err)
	}
}

func (f fixture) read(t *testing.T, id uuid.UUID) *operation.Operation {
	t.Helper()
	op, err := f.store.Operation(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return op
}
