package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/chunk"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/query"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// notes has a policy as PostgREST's documentation shows them: each tenant sees and writes its rows.
const notes = `
CREATE TABLE public.notes (id TEXT PRIMARY KEY, org TEXT NOT NULL, text TEXT, writer TEXT DEFAULT current_user, import_number BIGINT, import_row INT);
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.notes USING (org = current_setting('request.jwt.claims', true)::json->>'org');
GRANT SELECT, INSERT, UPDATE ON public.notes TO ` + storetest.CallerRole

// callerFixture is a store with the rights of a worker, and the collection notes.
type callerFixture struct {
	fixture
	notes *collection.Collection
}

func newCallerFixture(t *testing.T) callerFixture {
	t.Helper()
	f := callerFixture{fixture: newFixture(t)}
	f.exec(t, notes)
	f.store = storetest.Open(t, storetest.As(t, f.url, grants.Worker), store.Options{MaxConns: 4, Roles: []string{storetest.CallerRole}})
	var err error
	f.notes, err = collection.Parse("notes", []byte(`{"x-longshore":{"table":"public.notes","key":["id"],"role":"claim"},
  "properties":{"id":{"type":"string"},"org":{"type":"string"},"text":{"type":"string"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// callerOf returns the caller of an organization.
func callerOf(org string) access.Caller {
	return access.Caller{Role: storetest.CallerRole, Claims: json.RawMessage(fmt.Sprintf(`{"org":%q}`, org))}
}

// load imports rows of id, org and text in one chunk on behalf of a caller. It returns the outcomes, and
// the codes of the reasons.
func (f callerFixture) load(t *testing.T, caller access.Caller, rows ...[3]string) (outcomes []operation.Outcome, codes []string, err error) {
	t.Helper()
	api := storetest.Open(t, f.url, store.Options{MaxConns: 2})
	upload, err := api.NewUpload(store.Draft{
		Reference: operation.NewReference(), Kind: operation.Import, Collection: "notes", Lanes: 1, Caller: caller,
	})
	if err != nil {
		t.Fatal(err)
	}
	packer := chunk.NewPacker(len(rows), 1<<20)
	for range rows {
		packer.Add([]byte(`{}`))
	}
	op, err := upload.Seal(t.Context(), packer.Cut())
	if err != nil {
		t.Fatal(err)
	}
	attempt, err := f.store.BeginAttempt(t.Context(), job.Chunk{OperationID: op.ID}, operation.Import)
	if err != nil {
		t.Fatal(err)
	}
	described, err := f.store.Describe(t.Context(), f.notes, attempt.Caller)
	if err != nil {
		return nil, nil, err
	}
	_, err = f.store.RunStep(t.Context(), job.Chunk{OperationID: op.ID}, func(ctx context.Context, s *store.Step) (store.Effect, error) {
		batch := described.NewBatch()
		for n, row := range rows {
			values := make([]jsontext.Value, len(row))
			for i, v := range row {
				values[i], _ = json.Marshal(v)
			}
			if reasons := batch.Add(s.FirstRow+n, values); reasons != nil {
				t.Fatalf("Add() = %v, want no reasons", reasons)
			}
		}
		loaded, err := s.Load(ctx, batch)
		if err != nil {
			return store.Effect{}, err
		}
		outcomes = make([]operation.Outcome, len(rows))
		for n, o := range loaded.Outcomes {
			outcomes[batch.Row(n)-s.FirstRow] = o
		}
		for i := range loaded.Rejected {
			loaded.Rejected[i].Received = []byte(`{}`)
			outcomes[loaded.Rejected[i].Row-s.FirstRow] = operation.Rejected
			codes = append(codes, loaded.Rejected[i].Reasons[0].Code)
		}
		return store.Effect{Outcomes: outcomes, Rejections: loaded.Rejected}, nil
	})
	return outcomes, codes, err
}

// TestLoadAsCaller: policies see the role and the claims of the caller. A row that a policy refuses, and
// one whose key another caller's row has, is that row's failure alone.
func TestLoadAsCaller(t *testing.T) {
	t.Parallel()
	f := newCallerFixture(t)
	const created, updated, rejected = operation.Created, operation.Updated, operation.Rejected
	for _, tt := range []struct {
		org   string
		rows  [][3]string
		want  []operation.Outcome
		codes []string
	}{
		{"a", [][3]string{{"1", "a", "x"}, {"2", "b", "forged"}, {"3", "a", "x"}}, []operation.Outcome{created, rejected, created}, []string{"not-allowed"}},
		{"b", [][3]string{{"1", "b", "stolen"}, {"4", "b", "y"}}, []operation.Outcome{rejected, created}, []string{"not-allowed"}},
		{"a", [][3]string{{"1", "a", "z"}, {"4", "a", "hidden key"}}, []operation.Outcome{updated, rejected}, []string{"not-allowed"}},
		{"a", [][3]string{{"3", "b", "moved away"}}, []operation.Outcome{rejected}, []string{"not-allowed"}},
	} {
		outcomes, codes, err := f.load(t, callerOf(tt.org), tt.rows...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, outcomes); diff != "" {
			t.Errorf("outcomes of %v by %s (-want +got):\n%s", tt.rows, tt.org, diff)
		}
		if diff := cmp.Diff(tt.codes, codes); diff != "" {
			t.Errorf("reasons of %v by %s (-want +got):\n%s", tt.rows, tt.org, diff)
		}
	}
	if got := f.count(t, `SELECT count(*) FROM public.notes WHERE (id, org, text, writer) IN
  (('1', 'a', 'z', $1), ('3', 'a', 'x', $1), ('4', 'b', 'y', $1))`, storetest.CallerRole); got != 3 {
		t.Errorf("%d of the 3 rows are as expected", got)
	}
	if got := f.count(t, `SELECT count(*) FROM public.notes`); got != 3 {
		t.Errorf("the table has %d rows, want 3", got)
	}
}

// TestLoadAsCallerErrors: what an operator has to correct fails the step and names the role.
func TestLoadAsCallerErrors(t *testing.T) {
	t.Parallel()
	const worker = "longshore_test_worker"
	for name, tt := range map[string]struct {
		change string
		caller access.Caller
		want   string
		// forCaller reports whether the error is shown to clients.
		forCaller bool
	}{
		"role that is not allowed": {"", access.Caller{Role: "postgres"}, `The role "postgres" is not among those that LONGSHORE_ROLES allows`, true},
		"no privilege":             {"REVOKE INSERT ON public.notes FROM " + storetest.CallerRole, callerOf("a"), "lacks the privilege INSERT", false},
		"no schema": {
			"REVOKE USAGE ON SCHEMA public FROM PUBLIC", callerOf("a"), "lacks a privilege that the collection's table needs", true,
		},
		"owner": {"ALTER TABLE public.notes OWNER TO " + worker, callerOf("a"), "row-level security does not apply to " + worker, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newCallerFixture(t)
			if tt.change != "" {
				f.exec(t, tt.change)
			}
			_, _, err := f.load(t, tt.caller, [3]string{"1", "a", "x"})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("load = %v, want %q", err, tt.want)
			}
			if _, ok := errors.AsType[*store.CallerError](err); ok != tt.forCaller {
				t.Errorf("load = %v, a CallerError: %t, want %t", err, ok, tt.forCaller)
			}
		})
	}
}

// TestDescribeAsSuperuser: a service that row-level security does not restrict is refused.
func TestDescribeAsSuperuser(t *testing.T) {
	t.Parallel()
	f := newCallerFixture(t)
	f.store = storetest.Open(t, f.url, store.Options{MaxConns: 2, Roles: []string{storetest.CallerRole}})
	const want = "row-level security does not apply to"
	if _, err := f.store.Describe(t.Context(), f.notes, callerOf("a")); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Describe() = %v, want %q", err, want)
	}
}

// TestScanAsCaller: a search reads what the policies show to its caller, and nothing else.
func TestScanAsCaller(t *testing.T) {
	t.Parallel()
	f := newCallerFixture(t)
	f.exec(t, `INSERT INTO public.notes (id, org) VALUES ('1', 'a'), ('2', 'b'), ('3', 'a')`)
	for org, want := range map[string][]string{"a": {"1", "3"}, "b": {"2"}, "c": nil} {
		t.Run(org, func(t *testing.T) {
			t.Parallel()
			api := storetest.Open(t, f.url, store.Options{MaxConns: 2})
			op, err := api.Accept(t.Context(), store.Draft{
				Reference: operation.NewReference(), Kind: operation.Search, Collection: "notes", Lanes: 1, Caller: callerOf(org),
				Request: json.RawMessage(`{}`),
			})
			if err != nil {
				t.Fatal(err)
			}
			chunk := job.Chunk{OperationID: op.ID}
			if _, err := f.store.BeginAttempt(t.Context(), chunk, operation.Search); err != nil {
				t.Fatal(err)
			}
			var got []string
			_, err = f.store.RunResumable(t.Context(), chunk, func(ctx context.Context, s *store.ResumableStep) (store.Progress, error) {
				plan, err := s.PrepareScan(ctx, f.notes, query.Query{})
				if err != nil {
					return store.Progress{}, err
				}
				page, err := s.Scan(ctx, plan, nil, 100)
				for _, record := range page.Records {
					var note struct{ ID string }
					err = errors.Join(err, json.Unmarshal(record, &note))
					got = append(got, note.ID)
				}
				if n, counted := s.EstimateRows(ctx, f.notes); counted != nil || int(n) != len(want) {
					t.Errorf("EstimateRows() = %d, %v, want %d", n, counted, len(want))
				}
				return store.Progress{Done: true}, err
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}
