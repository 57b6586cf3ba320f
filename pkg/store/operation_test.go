package store_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

func TestOperationByReference(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	imported, search := f.seal(t, 1, 1, 1), f.search(t, 0)
	if got, err := f.store.OperationByReference(t.Context(), "tools", imported.Reference); err != nil || got.ID != imported.ID {
		t.Errorf("OperationByReference() = %+v, %v, want %s", got, err, imported.ID)
	}
	if _, err := f.store.OperationByReference(t.Context(), "other", imported.Reference); !fault.Is(err, fault.NotFound) {
		t.Errorf("OperationByReference() of another collection = %v, want a fault of kind NotFound", err)
	}
	if _, err := f.store.OperationByReference(t.Context(), "tools", search.Reference); !fault.Is(err, fault.NotFound) {
		t.Errorf("OperationByReference() of a search = %v, want a fault of kind NotFound", err)
	}
}

// TestOperationExpiresWithoutJanitor: an operation expires at the promised time, even if the
// janitor is late.
func TestOperationExpiresWithoutJanitor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	op := f.startSearch(t)
	f.resume(t, op, store.Progress{Done: true})
	f.exec(t, `UPDATE xforce.tasks SET finished_at = finished_at - retention`)
	before := f.read(t, op.ID)
	if !before.Expired {
		t.Errorf("Expired = false after %s, want true", before.ExpiresAt)
	}
	if listed := f.list(t, store.Filter{}); len(listed) != 0 {
		t.Errorf("List() = %v, want none", listed)
	}
	if _, err := f.store.Expire(t.Context(), maxRows); err != nil {
		t.Fatal(err)
	}
	if after := f.read(t, op.ID); !after.ExpiresAt.Equal(before.ExpiresAt) || after.ExpiresAt.After(time.Now()) {
		t.Errorf("ExpiresAt after Expire() = %s, want %s, in the past", after.ExpiresAt, before.ExpiresAt)
	}
}
