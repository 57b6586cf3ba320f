package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// setTo returns a decision for a definition.
func setTo(definition string) func(store.CollectionVersion) (store.CollectionVersion, error) {
	return func(store.CollectionVersion) (store.CollectionVersion, error) {
		v := store.CollectionVersion{CreatedBy: "test"}
		if definition != "" {
			v.Definition = json.RawMessage(definition)
		}
		return v, nil
	}
}

func mustChange(t *testing.T, db *store.Store, tenant, name, definition string, wantChanged bool) store.CollectionVersion {
	t.Helper()
	v, changed, err := db.ChangeCollection(t.Context(), tenant, name, setTo(definition))
	if err != nil || changed != wantChanged {
		t.Fatalf("ChangeCollection(%s, %s, %s) = %+v, %t, %v, want changed: %t", tenant, name, definition, v, changed, err, wantChanged)
	}
	return v
}

func TestChangeCollection(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t, storetest.NewDatabase(t), store.Options{})
	first := mustChange(t, db, "a", "books", `{"v":1}`, true)
	mustChange(t, db, "a", "books", `{"v":1}`, false)
	mustChange(t, db, "b", "books", `{"v":9}`, true)
	second := mustChange(t, db, "a", "books", `{"v":2}`, true)
	deleted := mustChange(t, db, "a", "books", "", true)
	mustChange(t, db, "a", "books", "", false)
	if second.Version <= first.Version || deleted.Version <= second.Version || !deleted.Deleted() {
		t.Errorf("versions = %d, %d, %d, want ascending ones", first.Version, second.Version, deleted.Version)
	}
	for _, want := range []store.CollectionVersion{first, second} {
		got, found, err := db.CollectionVersion(t.Context(), want.Version)
		if err != nil || !found || string(got.Definition) != string(want.Definition) {
			t.Errorf("CollectionVersion(%d) = %+v, %t, %v, want %s", want.Version, got, found, err, want.Definition)
		}
	}
	if _, found, err := db.CollectionVersion(t.Context(), 999); found || err != nil {
		t.Errorf("CollectionVersion(999) found = %t, %v, want none", found, err)
	}
	since, err := db.CollectionsSince(t.Context(), first.Version)
	if err != nil || len(since) != 2 || since[0].Tenant != "b" || since[1].Version != deleted.Version {
		t.Errorf("CollectionsSince(%d) = %+v, %v, want the last versions of both collections", first.Version, since, err)
	}
	errRefused := errors.New("refused")
	_, _, err = db.ChangeCollection(t.Context(), "a", "books", func(current store.CollectionVersion) (store.CollectionVersion, error) {
		if current.Version != deleted.Version {
			t.Errorf("the version in force = %d, want %d", current.Version, deleted.Version)
		}
		return store.CollectionVersion{}, errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("ChangeCollection() error = %v, want that of the decision", err)
	}
}

// TestCollectionsSinceMissesNone: a reader of changes while many are stored at the same time sees each of them,
// because a version becomes visible after all lower ones.
func TestCollectionsSinceMissesNone(t *testing.T) {
	t.Parallel()
	const writers = 8
	db := storetest.Open(t, storetest.NewDatabase(t), store.Options{MaxConns: writers + 1})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	seen := make(chan map[string]bool, 1)
	go func() {
		names, last := make(map[string]bool), int64(0)
		for {
			ended := ctx.Err() != nil
			since, err := db.CollectionsSince(context.WithoutCancel(ctx), last)
			if err != nil {
				t.Error(err)
			}
			for _, v := range since {
				names[v.Tenant+v.Name], last = true, max(last, v.Version)
			}
			if ended {
				seen <- names
				return
			}
		}
	}()
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			for n := range 20 {
				if _, _, err := db.ChangeCollection(ctx, string(rune('a'+w)), "c"+string(rune('a'+n)), setTo(`{}`)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	stop()
	if got := len(<-seen); got != writers*20 {
		t.Errorf("collections seen = %d, want %d", got, writers*20)
	}
}
