package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestBeginAttemptCounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.seal(t, 1, 1, 1)
	for want := 1; want <= 3; want++ {
		if got := f.attempt(t, of(op, 0), op.Kind); got.Count != want || got.Collection.Name != "tools" {
			t.Fatalf("BeginAttempt() = %+v, want attempt %d for tools", got, want)
		}
	}
}

// TestUncountAttempt ends an attempt in several ways. Emptying server_runs is what a crash of Postgres
// does. Only an attempt that may have caused a crash stays counted.
func TestUncountAttempt(t *testing.T) {
	t.Parallel()
	const crash = `DELETE FROM xforce.server_runs`
	broken := fmt.Errorf("receiving: %w", io.ErrUnexpectedEOF)
	for name, tt := range map[string]struct {
		cause error
		then  string
		lost  bool
	}{
		"the network breaks":               {broken, ``, false},
		"Postgres crashes":                 {broken, crash, true},
		"Postgres forgets the attempt":     {broken, crash + `; UPDATE xforce.task_chunks SET attempts = 0`, true},
		"Postgres crashes behind a pooler": {&pgconn.PgError{Code: "08P01", Message: "server conn crashed?"}, crash, true},
		"Postgres falls silent":            {context.DeadlineExceeded, crash, true},
		"crash and new attempts of others": {broken, crash + `; INSERT INTO xforce.server_runs DEFAULT VALUES`, true},
		"another session crashes":          {&pgconn.PgError{Code: "57P02"}, crash, false},
		"Postgres restarts":                {&pgconn.PgError{Code: "57P01"}, ``, false},
		"the worker stops":                 {context.Canceled, crash, false},
		"another worker has the lock":      {store.ErrLocked, crash, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			op := f.seal(t, 1, 1, 1)
			attempt := f.attempt(t, of(op, 0), op.Kind)
			f.exec(t, tt.then)
			lost, err := f.store.UncountAttempt(t.Context(), of(op, 0), attempt, tt.cause)
			if err != nil || lost != tt.lost {
				t.Errorf("UncountAttempt() = %t, %v, want %t", lost, err, tt.lost)
			}
			want := store.Attempt{Collection: store.CollectionRef{Tenant: access.DefaultTenant, Name: "tools"}, Count: 1}
			if tt.lost {
				want.Count, want.Lost = 2, 1
			}
			got := f.attempt(t, of(op, 0), op.Kind)
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(store.Attempt{})); diff != "" {
				t.Errorf("next BeginAttempt() (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLostAttemptsRunOneAtATime: of the chunks that may have crashed Postgres only one is processed at a
// time, so that its next crash does not hit the others. Chunks without lost attempts do not wait.
func TestLostAttemptsRunOneAtATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.start(t, 3, 30, 10)
	f.exec(t, `UPDATE xforce.task_chunks SET lost_attempts = 1 WHERE seq < 2`)
	_, err := f.store.RunStep(t.Context(), of(op, 0), func(ctx context.Context, s *store.Step) (store.Effect, error) {
		if _, err := f.store.RunStep(ctx, of(op, 1), all(operation.Created)); !errors.Is(err, store.ErrLocked) {
			t.Errorf("RunStep() of the second chunk with a lost attempt = %v, want ErrLocked", err)
		}
		if _, err := f.store.RunStep(ctx, of(op, 2), all(operation.Created)); err != nil {
			t.Errorf("RunStep() of a chunk without lost attempts = %v, want nil", err)
		}
		return all(operation.Created)(ctx, s)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.RunStep(t.Context(), of(op, 1), all(operation.Created)); err != nil {
		t.Errorf("RunStep() of the second chunk after the first = %v, want nil", err)
	}
}

// TestBeginAttemptOfOtherKind: an entry of a search in the queue of imports has no effect.
func TestBeginAttemptOfOtherKind(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.search(t, 0)
	if _, err := f.store.BeginAttempt(t.Context(), of(op, 0), operation.Import); !errors.Is(err, store.ErrNothingDue) {
		t.Errorf("BeginAttempt() = %v, want ErrNothingDue", err)
	}
	if got := f.read(t, op.ID).State; got != operation.Waiting {
		t.Errorf("State = %s, want waiting", got)
	}
	if got := f.count(t, `SELECT attempts FROM xforce.task_chunks`); got != 0 {
		t.Errorf("%d attempts are counted, want 0", got)
	}
}

func TestBeginAttemptReturnsRequestID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, tt := range map[string]struct{ given, want string }{
		"none": {"", ""}, "short": {"r-1", "r-1"}, "too long": {strings.Repeat("ä", 200), strings.Repeat("ä", 128)},
	} {
		draft := store.Draft{Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1, RequestID: tt.given}
		op, err := f.store.Accept(t.Context(), draft)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.attempt(t, of(op, 0), operation.Search).RequestID; got != tt.want {
			t.Errorf("%s: RequestID of a search = %q, want %q", name, got, tt.want)
		}
		draft.Reference, draft.Kind = operation.NewReference(), operation.Import
		upload, err := f.store.NewUpload(draft)
		if err != nil {
			t.Fatal(err)
		}
		if op, err = upload.Seal(t.Context(), chunks(1, 1)[0]); err != nil {
			t.Fatal(err)
		}
		if got := f.attempt(t, of(op, 0), operation.Import).RequestID; got != tt.want {
			t.Errorf("%s: RequestID of an import = %q, want %q", name, got, tt.want)
		}
	}
}
