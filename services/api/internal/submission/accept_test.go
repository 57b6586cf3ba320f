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

func open(t *testing.T) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), storetest.NewDatabase(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func draft(id uuid.UUID, digest string) store.Draft {
	return store.Draft{
		ID: id, Reference: operation.NewReference(), Kind: operation.Search, Collection: "tools", Lanes: 1,
		Request: []byte(`{}`), Digest: []byte(digest),
	}
}

func TestARepeatedRequestIsTheSameOperation(t *testing.T) {
	t.Parallel()
	db := open(t)
	id := uuid.New()
	first, repeated, err := submission.Accept(t.Context(), db, draft(id, "one"))
	if err != nil || repeated || first.ID != id {
		t.Fatalf("accepted as %+v, %v, %v", first, repeated, err)
	}
	again, repeated, err := submission.Accept(t.Context(), db, draft(id, "one"))
	if err != nil || !repeated || again.Number != first.Number {
		t.Errorf("repeated as %+v, %v, %v", again, repeated, err)
	}
	for _, digest := range []string{"other", ""} {
		if _, _, err := submission.Accept(t.Context(), db, draft(id, digest)); fault.Of(err).Code != "operation-id-in-use" {
			t.Errorf("with the digest %q: %v", digest, err)
		}
	}
	if _, err := db.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Prune(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, _, err := submission.Accept(t.Context(), db, draft(id, "one")); !fault.Is(err, fault.Gone) {
		t.Errorf("repeated after it was pruned: %v", err)
	}
	if _, _, err := submission.Accept(t.Context(), db, draft(id, "other")); !fault.Is(err, fault.Malformed) {
		t.Errorf("another one after it was pruned: %v", err)
	}
}

func TestWithoutAnIDNothingIsRepeated(t *testing.T) {
	t.Parallel()
	db := open(t)
	one, _, err := submission.Accept(t.Context(), db, draft(uuid.Nil, ""))
	if err != nil {
		t.Fatal(err)
	}
	other, repeated, err := submission.Accept(t.Context(), db, draft(uuid.Nil, ""))
	if err != nil || repeated || one.ID == other.ID {
		t.Errorf("accepted as %+v, %v, %v", other, repeated, err)
	}
	if _, _, err := submission.Accept(t.Context(), db, draft(one.ID, "")); fault.Of(err).Code != "operation-id-in-use" {
		t.Errorf("with an id that the service gave: %v", err)
	}
}

func TestAnIDThatIsReceivingAsksToComeBack(t *testing.T) {
	t.Parallel()
	db := open(t)
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
		t.Errorf("while it is received: %+v", f)
	}
}

// An upload in pieces may be open for a day: nobody should wait for its id.
func TestAnIDOfAnUploadInPiecesIsInUse(t *testing.T) {
	t.Parallel()
	db := open(t)
	id := uuid.New()
	d := draft(id, "one")
	d.Kind = operation.Import
	if _, err := db.BeginMultipart(t.Context(), d, time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, digest := range []string{"one", "other"} {
		if _, _, err := submission.Accept(t.Context(), db, draft(id, digest)); fault.Of(err).Code != "operation-id-in-use" {
			t.Errorf("with the digest %q: %v", digest, err)
		}
	}
}

func TestADigestKnowsItsParts(t *testing.T) {
	t.Parallel()
	of := func(parts ...string) []byte {
		var all [][]byte
		for _, part := range parts {
			all = append(all, []byte(part))
		}
		return submission.Digest(all...)
	}
	if !bytes.Equal(of("a", "bc"), of("a", "bc")) || len(of()) != 32 {
		t.Error("a digest is not the same twice")
	}
	for _, other := range [][]byte{of("ab", "c"), of("abc"), of("a", "bc", ""), of("bc", "a"), of()} {
		if bytes.Equal(of("a", "bc"), other) {
			t.Error("two lists of parts look alike")
		}
	}
}

// watcher answers every wait with what it has.
type watcher struct {
	now *operation.Operation
	err error
}

// Await returns what the watcher has.
func (w watcher) Await(context.Context, *operation.Operation, time.Duration, func(*operation.Operation) bool) (*operation.Operation, error) {
	return w.now, w.err
}

func TestAnAcceptedOperationIsNeverRefused(t *testing.T) {
	t.Parallel()
	accepted, finished := &operation.Operation{State: operation.Waiting}, &operation.Operation{State: operation.Succeeded}
	for name, tt := range map[string]struct {
		wait    time.Duration
		watcher watcher
		want    *operation.Operation
		applied string
	}{
		"no wait":    {0, watcher{now: finished}, accepted, ""},
		"finished":   {time.Second, watcher{now: finished}, finished, "wait=1"},
		"unreadable": {time.Minute, watcher{err: errors.New("no database")}, accepted, "wait=60"},
	} {
		header := http.Header{}
		got := submission.Await(t.Context(), tt.watcher, header, accepted, tt.wait)
		if got != tt.want || header.Get("Preference-Applied") != tt.applied {
			t.Errorf("%s: %+v, %v", name, got, header)
		}
	}
}
