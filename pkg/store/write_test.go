package store_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/pgproxy"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// askOutcome matches the statement that asks what became of a transaction.
var askOutcome = regexp.MustCompile("pg_xact_status")

// newProxiedFixture is newFixture with a fault proxy before the store, and a short limit of writes.
func newProxiedFixture(t *testing.T) (fixture, *pgproxy.Postgres) {
	t.Helper()
	url := storetest.NewDatabase(t)
	proxy := pgproxy.StartPostgres(t, url, 1)
	s := storetest.Open(t, proxy.URL(), store.Options{Application: t.Name(), MaxConns: 8, Write: 2 * time.Second})
	t.Cleanup(proxy.Reset) // silent connections would delay the end of the store
	return fixture{url: url, store: s, sql: storetest.Connect(t, url)}, proxy
}

// clientWrite is a write whose answer must be true. begin prepares it without faults; effect counts
// the rows that show that it was committed.
type clientWrite struct {
	begin  func(*testing.T, fixture) (write func(context.Context) error)
	effect string
	// unknown is part of the message if the outcome stays unknown; location is whether it leads to an
	// operation.
	unknown  string
	location bool
}

func clientWrites() map[string]clientWrite {
	const accepted = `SELECT count(*) FROM xforce.tasks WHERE status = 'waiting'`
	return map[string]clientWrite{
		"Seal": {func(t *testing.T, f fixture) func(context.Context) error {
			t.Helper()
			u := f.upload(t, 1)
			return func(ctx context.Context) error {
				op, err := u.Seal(ctx, chunks(1, 1)[0])
				return wantOperation(op, err, operation.Waiting)
			}
		}, accepted, "Look at the address", true},
		"Accept": {func(_ *testing.T, f fixture) func(context.Context) error {
			return func(ctx context.Context) error {
				op, err := f.store.Accept(ctx, store.Draft{Reference: operation.NewReference(), Kind: operation.Report, Lanes: 1})
				return wantOperation(op, err, operation.Waiting)
			}
		}, accepted, "Look at the address", true},
		"BeginMultipart": {func(_ *testing.T, f fixture) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := f.store.BeginMultipart(ctx, multipartDraft(), time.Hour)
				return err
			}
		}, `SELECT count(*) FROM xforce.tasks`, "safe to send the same request again", false},
		"Commit": {func(t *testing.T, f fixture) func(context.Context) error {
			t.Helper()
			u := must(f.store.BeginMultipart(t.Context(), multipartDraft(), time.Hour))
			w := must(f.store.NewPart(u.ID, 1))
			if err := w.Append(t.Context(), []byte("x")); err != nil {
				t.Fatal(err)
			}
			return func(ctx context.Context) error {
				created, err := w.Commit(ctx, []byte("digest"), 10, time.Hour)
				if err == nil && !created {
					return errors.New("the part is not new")
				}
				return err
			}
		}, `SELECT count(*) FROM xforce.upload_parts`, "safe to send the same request again", false},
		"FinishMultipart": {func(t *testing.T, f fixture) func(context.Context) error {
			t.Helper()
			u := must(f.store.BeginMultipart(t.Context(), multipartDraft(), time.Hour))
			w := must(f.store.NewPart(u.ID, 1))
			must(w.Commit(t.Context(), []byte("digest"), 10, time.Hour))
			return func(ctx context.Context) error {
				op, err := f.store.FinishMultipart(ctx, u.ID, 1)
				return wantOperation(op, err, operation.Waiting)
			}
		}, accepted, "safe to send the same request again", true},
		"Cancel": {func(t *testing.T, f fixture) func(context.Context) error {
			t.Helper()
			id := f.seal(t, 1, 1, 1).ID
			return func(ctx context.Context) error {
				op, cancelled, err := f.store.Cancel(ctx, id)
				if err == nil && !cancelled {
					return errors.New("not cancelled by this call")
				}
				return wantOperation(op, err, operation.Cancelled)
			}
		}, `SELECT count(*) FROM xforce.tasks WHERE status = 'cancelled'`, "safe to send the same request again", true},
		"Prune": {func(t *testing.T, f fixture) func(context.Context) error {
			t.Helper()
			id := f.seal(t, 1, 1, 1).ID
			_, _, err := f.store.Cancel(t.Context(), id)
			return func(ctx context.Context) error {
				pruned, pruneErr := f.store.Prune(ctx, id)
				if pruneErr == nil && !pruned {
					return errors.New("not pruned by this call")
				}
				return errors.Join(err, pruneErr)
			}
		}, `SELECT count(*) FROM xforce.tasks WHERE NOT is_active`, "safe to send the same request again", true},
	}
}

func multipartDraft() store.Draft {
	return store.Draft{Reference: operation.NewReference(), Kind: operation.Import, Collection: "tools", Lanes: 1, Request: []byte(`{}`)}
}

func wantOperation(op *operation.Operation, err error, state operation.State) error {
	if err == nil && (op == nil || op.State != state) {
		return errors.New("the operation of the answer is wrong")
	}
	return err
}

// forEachWrite runs a test for each write, with a fixture of its own.
func forEachWrite(t *testing.T, test func(*testing.T, fixture, *pgproxy.Postgres, clientWrite)) {
	t.Helper()
	for name, w := range clientWrites() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, proxy := newProxiedFixture(t)
			test(t, f, proxy, w)
		})
	}
}

// TestWriteWhoseAnswerIsLost: it was committed, so the client gets the answer to a commit.
func TestWriteWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, action := range []pgproxy.Action{pgproxy.Reset, pgproxy.Silence} {
		forEachWrite(t, func(t *testing.T, f fixture, proxy *pgproxy.Postgres, w clientWrite) {
			t.Helper()
			write := w.begin(t, f)
			before := f.count(t, w.effect)
			lost := proxy.Inject(pgproxy.Fault{Statement: pgproxy.Commit, Moment: pgproxy.BeforeAnswer, Action: action, Times: 1})
			if err := write(t.Context()); err != nil {
				t.Errorf("got the error %v, want none", err)
			}
			if got := f.count(t, w.effect) - before; got != 1 || lost.Hits() != 1 {
				t.Errorf("%d rows changed, %d answers were lost, want 1 and 1", got, lost.Hits())
			}
		})
	}
}

// TestWriteRolledBack: nothing was changed. The answer says so, and the client may repeat the request.
func TestWriteRolledBack(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]pgproxy.Fault{
		"connection": {Moment: pgproxy.BeforeStatement, Action: pgproxy.Reset},
		"error":      {Action: pgproxy.Fail, SQLState: "40001"},
		"shutdown":   {Action: pgproxy.Fail, SQLState: "57P01", Fatal: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forEachWrite(t, func(t *testing.T, f fixture, proxy *pgproxy.Postgres, w clientWrite) {
				t.Helper()
				write := w.begin(t, f)
				before := f.count(t, w.effect)
				injected := lost
				injected.Statement, injected.Times = pgproxy.Commit, 1
				proxy.Inject(injected)
				err := write(t.Context())
				got := fault.Of(err)
				if got.Kind != fault.Unavailable || store.IsOutcomeUnknown(err) || !strings.Contains(got.Message, "Nothing of this request was kept") {
					t.Errorf("got the error %v, want that nothing was kept", err)
				}
				if got := f.count(t, w.effect) - before; got != 0 {
					t.Errorf("%d rows changed, want 0", got)
				}
			})
		})
	}
}

// TestWriteOfUnknownOutcome: the database does not answer, so the answer says where to look.
func TestWriteOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	forEachWrite(t, func(t *testing.T, f fixture, proxy *pgproxy.Postgres, w clientWrite) {
		t.Helper()
		write := w.begin(t, f)
		proxy.Inject(pgproxy.Fault{Statement: pgproxy.Commit, Moment: pgproxy.BeforeAnswer, Action: pgproxy.Reset})
		proxy.Refuse("57P03")
		proxy.Inject(pgproxy.Fault{Statement: askOutcome, Action: pgproxy.Reset})
		err := write(t.Context())
		got := fault.Of(err)
		if !store.IsOutcomeUnknown(err) || !strings.Contains(got.Message, w.unknown) || (got.Operation != "") != w.location {
			t.Errorf("got the error %v that leads to the operation %q, want outcome-unknown, %q, and an operation: %v", err, got.Operation, w.unknown, w.location)
		}
		if got.Retry == 0 {
			t.Error("the fault does not say when to retry")
		}
	})
}

// TestAcceptWithOwnIDOfUnknownOutcome: the client may repeat a request with an Operation-Id.
func TestAcceptWithOwnIDOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	f, proxy := newProxiedFixture(t)
	draft := multipartDraft()
	draft.ID, draft.Kind = uuid.New(), operation.Report
	proxy.Inject(pgproxy.Fault{Statement: pgproxy.Commit, Moment: pgproxy.BeforeAnswer, Action: pgproxy.Reset})
	proxy.Refuse("57P03")
	proxy.Inject(pgproxy.Fault{Statement: askOutcome, Action: pgproxy.Reset})
	_, err := f.store.Accept(t.Context(), draft)
	if got := fault.Of(err); !strings.Contains(got.Message, "same Operation-Id") || got.Operation != draft.ID.String() {
		t.Errorf("got the error %v that leads to %q, want that repeating is safe, and %s", err, got.Operation, draft.ID)
	}
}

// TestWriteEndsWithSilentServer: a request never waits longer than the limit of writes.
func TestWriteEndsWithSilentServer(t *testing.T) {
	t.Parallel()
	forEachWrite(t, func(t *testing.T, f fixture, proxy *pgproxy.Postgres, w clientWrite) {
		t.Helper()
		write := w.begin(t, f)
		proxy.SilenceAll()
		begin := time.Now()
		if err := write(t.Context()); !fault.Is(err, fault.Unavailable) {
			t.Errorf("got the error %v, want a fault of kind Unavailable", err)
		}
		if elapsed := time.Since(begin); elapsed > 8*time.Second {
			t.Errorf("the write took %s, want about 2 s", elapsed)
		}
	})
}
