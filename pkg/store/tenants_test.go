package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// clients is a database with a store for clients beside that of the workers.
type clients struct {
	fixture

	api *store.Store
}

func newClients(t *testing.T) clients {
	t.Helper()
	f := newFixture(t)
	address := storetest.As(t, f.url, grants.API)
	return clients{f, storetest.Open(t, address, store.Options{Application: t.Name(), MaxConns: 8, Role: grants.API})}
}

// as returns the context of a request of a tenant.
func as(t *testing.T, tenant string) context.Context {
	t.Helper()
	return access.With(t.Context(), &access.Principal{ID: "key of " + tenant, Tenant: tenant})
}

func draftOf(tenant string, kind operation.Kind, id uuid.UUID) store.Draft {
	return store.Draft{
		ID: id, Tenant: tenant, Reference: operation.NewReference(), Kind: kind, Collection: "tools", Lanes: 1,
		Request: []byte(`{"q":"x"}`), Labels: map[string]string{"team": "data"}, PollWithin: time.Hour,
	}
}

func (c clients) accept(t *testing.T, tenant string, id uuid.UUID) *operation.Operation {
	t.Helper()
	op, err := c.api.Accept(as(t, tenant), draftOf(tenant, operation.Search, id))
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// TestTenantsChooseTheSameID: ids and numbers belong to a tenant, and those of the default tenant are
// the internal ones.
func TestTenantsChooseTheSameID(t *testing.T) {
	t.Parallel()
	c := newClients(t)
	id := uuid.Must(uuid.NewV7())
	ids := make(map[uuid.UUID]string)
	for _, tenant := range []string{access.DefaultTenant, "a", "b"} {
		op := c.accept(t, tenant, id)
		c.accept(t, tenant, uuid.Nil)
		if op.ShownID() != id || op.Tenant != tenant || op.ShownNumber() != 1 {
			t.Errorf("%s: id %s, tenant %s, number %d, want %s, %[1]s and 1", tenant, op.ShownID(), op.Tenant, op.ShownNumber(), id)
		}
		if other, used := ids[op.ID]; used {
			t.Errorf("%s and %s have the same internal id", tenant, other)
		}
		ids[op.ID] = tenant
		for name, find := range map[string]func() (*operation.Operation, error){
			"id":     func() (*operation.Operation, error) { return c.api.Operation(as(t, tenant), id) },
			"number": func() (*operation.Operation, error) { return c.api.OperationByNumber(as(t, tenant), 1) },
		} {
			if found, err := find(); err != nil || found.ID != op.ID {
				t.Errorf("%s by %s = %v, %v, want the operation", tenant, name, found, err)
			}
		}
		_, err := c.api.Accept(as(t, tenant), draftOf(tenant, operation.Search, id))
		if !errors.Is(err, store.ErrIDTaken) {
			t.Errorf("%s: the same id again: %v, want ErrIDTaken", tenant, err)
		}
	}
}

// TestTenantsPages: a list has the operations of the tenant only, by any filter, and continues at its
// own numbers.
func TestTenantsPages(t *testing.T) {
	t.Parallel()
	c := newClients(t)
	tenants := []string{access.DefaultTenant, "a", "b"}
	for range 3 {
		for _, tenant := range tenants {
			c.accept(t, tenant, uuid.Nil)
		}
	}
	for _, tenant := range tenants {
		for name, filter := range map[string]store.Filter{
			"all": {}, "state": {States: []operation.State{operation.Waiting}}, "label": {Labels: map[string]string{"team": "data"}},
			"time": {CreatedFrom: time.Now().Add(-time.Hour)}, "collection": {Collection: "tools"},
		} {
			t.Run(tenant+" "+name, func(t *testing.T) {
				t.Parallel()
				filter.Limit = 2
				var got []string
				for {
					page, err := c.api.List(as(t, tenant), filter)
					if err != nil {
						t.Fatal(err)
					}
					for _, op := range page.Operations {
						got = append(got, fmt.Sprint(op.Tenant, op.ShownNumber()))
					}
					if filter.Below = page.Next; page.Next == 0 {
						break
					}
				}
				// Numbers of the default tenant are the internal ones.
				want := fmt.Sprint([]string{tenant + "3", tenant + "2", tenant + "1"})
				if tenant == access.DefaultTenant {
					want = "[default7 default4 default1]"
				}
				if fmt.Sprint(got) != want {
					t.Errorf("List() = %v, want %s", got, want)
				}
			})
		}
	}
}

// TestForeignOperation: with the ids of another tenant, even the internal ones, every call of a client
// answers as with ids of nothing, and changes nothing.
func TestForeignOperation(t *testing.T) {
	t.Parallel()
	c := newClients(t)
	mine, none := c.foreignCalls(t, "a"), c.foreignCalls(t, "")
	for name, call := range mine {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, wantErr := none[name](as(t, "b"))
			got, err := call(as(t, "b"))
			if fmt.Sprint(got) != fmt.Sprint(want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("of another tenant: %v, %v; want as of nothing: %v, %v", got, err, want, wantErr)
			}
			if own, err := call(as(t, "a")); fmt.Sprint(own, err) == fmt.Sprint(want, wantErr) {
				t.Errorf("of the same tenant: %v, %v, want another answer than of nothing", own, err)
			}
		})
		t.Run(name+" without a principal", func(t *testing.T) {
			t.Parallel()
			if got, err := call(t.Context()); err == nil || fault.Of(err).Kind != fault.Internal {
				t.Errorf("without a principal: %v, %v, want an internal error", got, err)
			}
		})
	}
}

type foreignCall func(context.Context) (any, error)

// foreignCalls returns the calls with an operation and an upload of the tenant; with ids of nothing if
// the tenant is empty.
func (c clients) foreignCalls(t *testing.T, tenant string) map[string]foreignCall {
	t.Helper()
	search, done, rejected := c.operation(t, tenant), c.finished(t, tenant), c.rejected(t, tenant)
	unneeded, upload := c.finished(t, tenant), c.multipart(t, tenant)
	one := func(op *operation.Operation, err error) (any, error) {
		if op == nil {
			return nil, err
		}
		return "found", err
	}
	return map[string]foreignCall{
		"Operation": func(ctx context.Context) (any, error) { return one(c.api.Operation(ctx, search.ShownID())) },
		"OperationByNumber": func(ctx context.Context) (any, error) {
			return one(c.api.OperationByNumber(ctx, rejected.ShownNumber()))
		},
		"OperationByReference": func(ctx context.Context) (any, error) {
			return one(c.api.OperationByReference(ctx, "tools", rejected.Reference))
		},
		"Operations": func(ctx context.Context) (any, error) {
			found, err := c.api.Operations(ctx, []uuid.UUID{search.ID})
			return len(found), err
		},
		"Events": func(ctx context.Context) (any, error) {
			found, err := c.api.Events(ctx, map[uuid.UUID]int{search.ID: 0}, 10)
			return len(found), err
		},
		"Cancel": func(ctx context.Context) (any, error) {
			op, cancelled, err := c.api.Cancel(ctx, search.ID)
			return fmt.Sprint(op != nil, cancelled), err
		},
		"Prune": func(ctx context.Context) (any, error) {
			pruned, err := c.api.Prune(ctx, unneeded.ID)
			return pruned, err
		},
		"Rejections": func(ctx context.Context) (any, error) {
			n := 0
			err := c.api.Rejections(ctx, rejected.ID, 0, func(operation.Rejection) error { n++; return nil })
			return n, err
		},
		"Records": func(ctx context.Context) (any, error) {
			n := 0
			err := c.api.Records(ctx, rejected.ID, operation.Rejected, func(int, []byte) error { n++; return nil })
			return n, err
		},
		"Outputs": func(ctx context.Context) (any, error) {
			blocks, err := c.api.Outputs(ctx, done.ID, store.RowsStage, 0, 10)
			return len(blocks), err
		},
		"OutputAt": func(ctx context.Context) (any, error) {
			block, err := c.api.OutputAt(ctx, done.ID, store.RowsStage, 0)
			return block != nil, err
		},
		"OutputExtent": func(ctx context.Context) (any, error) { return c.api.OutputExtent(ctx, done.ID, store.RowsStage) },
		"BlockOfRow": func(ctx context.Context) (any, error) {
			_, _, found, err := c.api.BlockOfRow(ctx, done.ID, store.RowsStage, 0)
			return found, err
		},
		"MultipartUpload": func(ctx context.Context) (any, error) {
			u, err := c.api.MultipartUpload(ctx, upload.PublicID)
			return u != nil, err
		},
		"ListParts": func(ctx context.Context) (any, error) {
			parts, err := c.api.ListParts(ctx, upload.ID)
			return len(parts), err
		},
		"CommittedBytes": func(ctx context.Context) (any, error) { return c.api.CommittedBytes(ctx, upload.ID, []int{}) },
		"part": func(ctx context.Context) (any, error) {
			w, err := c.api.NewPart(upload.ID, 2)
			if err != nil {
				return nil, err
			}
			return nil, w.Append(ctx, []byte("x"))
		},
		"part without blocks": func(ctx context.Context) (any, error) {
			w, err := c.api.NewPart(upload.ID, 3)
			if err != nil {
				return nil, err
			}
			return w.Commit(ctx, []byte("digest"), 100, time.Hour)
		},
		"FinishMultipart": func(ctx context.Context) (any, error) { return one(c.api.FinishMultipart(ctx, upload.ID, 100)) },
	}
}

// nothing is an operation that does not exist.
func nothing() *operation.Operation {
	return &operation.Operation{ID: uuid.New(), Number: 1 << 40, Reference: operation.NewReference()}
}

func (c clients) operation(t *testing.T, tenant string) *operation.Operation {
	t.Helper()
	if tenant == "" {
		return nothing()
	}
	return c.accept(t, tenant, uuid.Nil)
}

// finished returns a search that has found one record.
func (c clients) finished(t *testing.T, tenant string) *operation.Operation {
	t.Helper()
	op := c.operation(t, tenant)
	if tenant == "" {
		return op
	}
	c.attempt(t, of(op, 0), op.Kind)
	_, err := c.store.RunResumable(t.Context(), of(op, 0), func(ctx context.Context, s *store.ResumableStep) (store.Progress, error) {
		return store.Progress{Done: true}, s.Append(ctx, store.RowsStage, store.OutputBlock{Rows: 1, Bytes: []byte("{}\n")})
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// rejected returns an import with one rejected record.
func (c clients) rejected(t *testing.T, tenant string) *operation.Operation {
	t.Helper()
	if tenant == "" {
		return nothing()
	}
	draft := draftOf(tenant, operation.Import, uuid.Nil)
	draft.Request, draft.PollWithin = nil, 0
	u, err := c.api.NewUpload(draft)
	if err != nil {
		t.Fatal(err)
	}
	op, err := u.Seal(as(t, tenant), chunks(1, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	c.step(t, of(op, 0), operation.Rejected)
	return op
}

// multipart returns an upload with one part.
func (c clients) multipart(t *testing.T, tenant string) *store.MultipartUpload {
	t.Helper()
	if tenant == "" {
		return &store.MultipartUpload{ID: uuid.New(), PublicID: uuid.New()}
	}
	u, err := c.api.BeginMultipart(as(t, tenant), draftOf(tenant, operation.Import, uuid.Nil), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.api.NewPart(u.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Append(as(t, tenant), []byte("part"))); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(as(t, tenant), []byte("digest"), 100, time.Hour); err != nil {
		t.Fatal(err)
	}
	return u
}

// TestDraftOfAnotherTenant: no call adds an operation to a tenant that is not the caller's.
func TestDraftOfAnotherTenant(t *testing.T) {
	t.Parallel()
	c := newClients(t)
	u, err := c.api.NewUpload(draftOf("a", operation.Import, uuid.Nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(ctx context.Context) error{
		"accept": func(ctx context.Context) error {
			_, err := c.api.Accept(ctx, draftOf("a", operation.Search, uuid.Nil))
			return err
		},
		"multipart": func(ctx context.Context) error {
			_, err := c.api.BeginMultipart(ctx, draftOf("a", operation.Import, uuid.Nil), time.Hour)
			return err
		},
		"claim": u.Claim,
		"stage": func(ctx context.Context) error { return u.Stage(ctx, chunks(1, 1)[0]) },
		"seal":  func(ctx context.Context) error { _, err := u.Seal(ctx, chunks(1, 1)[0]); return err },
	} {
		t.Run(name, func(t *testing.T) {
			for _, ctx := range []context.Context{as(t, "b"), t.Context()} {
				if err := call(ctx); err == nil || fault.Of(err).Kind != fault.Internal {
					t.Errorf("= %v, want an internal error", err)
				}
			}
		})
	}
	if n := c.count(t, `SELECT count(*) FROM xforce.tasks`); n > 0 {
		t.Errorf("%d operations were added, want none", n)
	}
}
