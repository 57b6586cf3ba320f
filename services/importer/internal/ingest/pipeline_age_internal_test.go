package ingest

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/store"
)

// TestPipelineIsDescribedAgain: a table is described again after a while, so that a grant on it is noticed.
func TestPipelineIsDescribedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	get := func() *pipeline {
		got, _, err := f.pipelines.get(t.Context(), store.Attempt{Collection: toolsRef}, 0)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := get()
	if got := get(); got != first {
		t.Error("get() at once described the table again, want the same pipeline")
	}
	first.number, first.described = 7, first.described.Add(-maxKept)
	second := get()
	if second == first {
		t.Fatal("get() after maxKept returned the same pipeline, want the table described again")
	}
	if second.number != 7 {
		t.Errorf("number of the new pipeline = %d, want 7, because it was described later than that operation was accepted", second.number)
	}
	second.described = second.described.Add(-maxKept)
	f.store.Close()
	if got := get(); got != second {
		t.Error("get() without a database returned another pipeline, want the last one")
	}
}
