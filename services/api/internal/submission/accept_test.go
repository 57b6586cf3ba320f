package submission_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

func openStore(t *testing.T) *store.Store {
	t.Helper()
	return storetest.Open(t, storetest.NewDatabase(t), store.Options{})
}

func draft(id uuid.UUID, digest string) store.Draft {
	return store.Draft{
		ID: id, Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1,
		Request: []byte(`{}`), Digest: []byte(digest),
	}
}

func TestAcceptReturnsRepeatedOperation(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	id := uuid.New()
	first, repeated, err := submission.Accept(t.Context(), db, draft(id, "one"))
	if err != nil || repeated || first.ID != id {
		t.Fatalf("Accept() = %+v, %t, %v, want a new operation with id %s", first, repeated, err, id)
	}
	again, repeated, err := submission.Accept(t.Context(), db, draft(id, "one"))
	if err != nil || !repeated || again.Number != first.Number {
		t.Errorf("Accept() = %+v, %t, %v, want operation %d, repeated", again, repeated, err, first.Number)
	}
	for _, digest := range []string{"other", ""} {
		if _, _, err := submission.Accept(t.Context(), db, draft(id, digest)); fault.Of(err).Code != "operation-id-in-use" {
			t.Errorf("Accept() with digest %q = %v, want operation-id-in-use", digest, err)
		}
	}
	if _, _, err := db.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Prune(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, _, err := submission.Accept(t.Context(), db, draft(id, "one")); !fault.Is(err, fault.Gone) {
		t.Errorf("Accept() of a pruned operation = %v, want a fault of kind Gone", err)
	}
	if _, _, err := submission.Accept(t.Context(), db, draft(id, "other")); !fault.Is(err, fault.Malformed) {
		t.Errorf("Accept() of a different request with a pruned id = %v, want a fault of kind Malformed", err)
	}
}

func TestAcceptWithoutID(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	one, _, err := submission.Accept(t.Context(), db, draft(uuid.Nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	other, repeated, err := submission.Accept(t.Context(), db, draft(uuid.Nil, ""))
	if err != nil || repeated || one.ID == other.ID {
		t.Errorf("Accept() = %+v, %t, %v, want another new operation", other, repeated, err)
	}
	if _, _, err := submission.Accept(t.Context(), db, draft(one.ID, "")); fault.Of(err).Code != "operation-id-in-use" {
		t.Errorf("Accept() with a generated id = %v, want operation-id-in-use", err)
	}
}

func TestAcceptDuringUpload(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	id := uuid.New()
	d := draft(id, "one")
	d.Kind, d.Request = operation.Import, nil
	upload, err := db.NewUpload(d)
	if err != nil {
		t.Fatal(err)
	}
	if err := upload.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, err = submission.Accept(t.Context(), db, draft(id, "one"))
	if f := fault.Of(err); f.Kind != fault.Conflict || f.Retry <= 0 {
		t.Errorf("Accept() = %+v, want a fault of kind Conflict with a retry delay", f)
	}
}

// A multipart upload may be open for a day, so that a retry delay would be of no use.
func TestAcceptDuringMultipartUpload(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	id := uuid.New()
	d := draft(id, "one")
	d.Kind = operation.Import
	if _, err := db.BeginMultipart(t.Context(), d, time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, digest := range []string{"one", "other"} {
		if _, _, err := submission.Accept(t.Context(), db, draft(id, digest)); fault.Of(err).Code != "operation-id-in-use" {
			t.Errorf("Accept() with digest %q = %v, want operation-id-in-use", digest, err)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	of := func(parts ...string) []byte {
		var all [][]byte
		for _, part := range parts {
			all = append(all, []byte(part))
		}
		return submission.Digest(all...)
	}
	want := of("a", "bc")
	if got := of("a", "bc"); !bytes.Equal(got, want) {
		t.Errorf("Digest() of equal parts = %x, want %x", got, want)
	}
	if got := len(of()); got != 32 {
		t.Errorf("length of Digest() = %d bytes, want 32", got)
	}
	for name, parts := range map[string][]string{
		"other boundary": {"ab", "c"}, "one part": {"abc"}, "empty part": {"a", "bc", ""}, "other order": {"bc", "a"}, "no part": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := of(parts...); bytes.Equal(got, want) {
				t.Errorf("Digest() of %q = %x, want another one than that of [a bc]", parts, got)
			}
		})
	}
}

// watcher returns a fixed result.
type watcher struct {
	op  *operation.Operation
	err error
}

// Await returns the fixed result immediately.
func (w watcher) Await(context.Context, *operation.Operation, time.Duration, func(*operation.Operation) bool) (*operation.Operation, error) {
	return w.op, w.err
}

func TestAwait(t *testing.T) {
	t.Parallel()
	accepted, finished := &operation.Operation{State: operation.Waiting}, &operation.Operation{State: operation.Succeeded}
	for name, tt := range map[string]struct {
		wait    time.Duration
		watcher watcher
		want    *operation.Operation
		applied string
	}{
		"no wait":    {0, watcher{op: finished}, accepted, ""},
		"finished":   {time.Second, watcher{op: finished}, finished, "wait=1"},
		"unreadable": {time.Minute, watcher{err: errors.New("no database")}, accepted, "wait=60"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			got := submission.Await(t.Context(), tt.watcher, header, accepted, tt.wait)
			if got != tt.want {
				t.Errorf("Await() = %+v, want %+v", got, tt.want)
			}
			if applied := header.Get("Preference-Applied"); applied != tt.applied {
				t.Errorf("Preference-Applied = %q, want %q", applied, tt.applied)
			}
		})
	}
}
