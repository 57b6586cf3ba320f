package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// list returns the numbers of the listed operations.
func (f fixture) list(t *testing.T, filter store.Filter) []int64 {
	t.Helper()
	if filter.Limit == 0 {
		filter.Limit = maxRows
	}
	listed, err := f.store.List(t.Context(), filter)
	if err != nil {
		t.Fatal(err)
	}
	numbers := []int64{}
	for _, op := range listed.Operations {
		numbers = append(numbers, op.Number)
	}
	return numbers
}

// labelled accepts a search with labels.
func (f fixture) labelled(t *testing.T, labels map[string]string) *operation.Operation {
	t.Helper()
	op, err := f.store.Accept(t.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: operation.Search, Collection: "spoons", Lanes: 1, Labels: labels,
	})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	waiting := f.seal(t, 1, 1, 1).Number
	running := f.start(t, 1, 1, 1).Number
	done := f.start(t, 1, 1, 1)
	f.step(t, of(done, 0), operation.Created)
	plain := f.labelled(t, nil).Number
	labelled := f.labelled(t, map[string]string{"team": "data", "batch": "7"})
	pruned := f.start(t, 1, 1, 1)
	f.step(t, of(pruned, 0), operation.Created)
	f.prune(t, pruned)
	if err := f.upload(t, 1).Stage(t.Context(), chunks(1, 1)[0]); err != nil { // receiving, which is invisible
		t.Fatal(err)
	}
	created := f.read(t, labelled.ID).CreatedAt
	for name, tt := range map[string]struct {
		filter store.Filter
		want   []int64
	}{
		"everything":      {store.Filter{}, []int64{labelled.Number, plain, done.Number, running, waiting}},
		"kind":            {store.Filter{Kind: operation.Search}, []int64{labelled.Number, plain}},
		"collection":      {store.Filter{Collection: "tools"}, []int64{done.Number, running, waiting}},
		"states":          {store.Filter{States: []operation.State{operation.Running, operation.Succeeded}}, []int64{done.Number, running}},
		"label":           {store.Filter{Labels: map[string]string{"team": "data"}}, []int64{labelled.Number}},
		"labels":          {store.Filter{Labels: map[string]string{"team": "data", "batch": "8"}}, []int64{}},
		"created from":    {store.Filter{CreatedFrom: created}, []int64{labelled.Number}},
		"created after":   {store.Filter{CreatedFrom: created.Add(time.Microsecond)}, []int64{}},
		"created before":  {store.Filter{CreatedBefore: created, Kind: operation.Search}, []int64{plain}},
		"below and limit": {store.Filter{Below: plain, Limit: 2}, []int64{done.Number, running}},
		"all filters": {store.Filter{
			Kind: operation.Search, Collection: "spoons", States: []operation.State{operation.Waiting},
			CreatedFrom: created, Labels: map[string]string{"batch": "7"},
		}, []int64{labelled.Number}},
		"another timezone": {store.Filter{CreatedFrom: created.In(time.FixedZone("east", 3600*9))}, []int64{labelled.Number}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, f.list(t, tt.filter)); diff != "" {
				t.Errorf("List() (-want +got):\n%s", diff)
			}
		})
	}
}

// TestListIsStable: a list that is read page by page neither repeats nor misses an operation while
// others come and go.
func TestListIsStable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var want []int64
	var ops []*operation.Operation
	for range 9 {
		op := f.labelled(t, nil)
		ops = append(ops, op)
		want = append(want, op.Number)
	}
	slices.Reverse(want)
	var listed []int64
	for below := int64(0); ; below = listed[len(listed)-1] {
		page := f.list(t, store.Filter{Below: below, Limit: 2})
		if len(page) == 0 {
			break
		}
		listed = append(listed, page...)
		f.labelled(t, nil)
		expired := ops[len(ops)-1] // the last accepted one, which is already listed
		ops = ops[:len(ops)-1]
		f.exec(t, `UPDATE xforce.tasks SET status = 'failed', finished_at = clock_timestamp(), is_active = FALSE WHERE task_id = $1`, expired.ID)
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("all pages (-want +got):\n%s", diff)
	}
}

// TestListOmitsLargeRequests: a list of a thousand operations must not transfer a thousand filters
// of 256 KiB.
func TestListOmitsLargeRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	small := f.search(t, 0)
	f.search(t, 0)
	f.exec(t, `
UPDATE xforce.tasks SET request = jsonb_build_object('q', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 2000) i))
WHERE task_id <> $1`, small.ID)
	listed, err := f.store.List(t.Context(), store.Filter{Limit: maxRows, Below: 1 << 40})
	if err != nil || len(listed.Operations) != 2 {
		t.Fatalf("List() = %d operations, %v, want 2", len(listed.Operations), err)
	}
	if got := listed.Operations[0].Request; got != nil {
		t.Errorf("the large request has %d bytes, want none", len(got))
	}
	if got, want := string(listed.Operations[1].Request), `{"q": "x"}`; got != want {
		t.Errorf("the small request = %s, want %s", got, want)
	}
}
