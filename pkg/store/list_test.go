package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

func (f fixture) list(t *testing.T, filter store.Filter) []int64 {
	t.Helper()
	if filter.Limit == 0 {
		filter.Limit = 100
	}
	found, err := f.store.List(t.Context(), filter)
	if err != nil {
		t.Fatal(err)
	}
	numbers := []int64{}
	for _, op := range found {
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
	f.mustStep(t, of(done, 0), operation.Created)
	plain := f.labelled(t, nil).Number
	labelled := f.labelled(t, map[string]string{"team": "data", "batch": "7"})
	pruned := f.start(t, 1, 1, 1)
	f.mustStep(t, of(pruned, 0), operation.Created)
	if _, err := f.store.Prune(t.Context(), pruned.ID); err != nil {
		t.Fatal(err)
	}
	_ = f.upload(t, 1).Stage(t.Context(), chunks(1, 1)[0]) // receiving, which nobody sees
	moment := f.mustRead(t, labelled.ID).CreatedAt
	for name, tt := range map[string]struct {
		filter store.Filter
		want   []int64
	}{
		"everything":       {store.Filter{}, []int64{labelled.Number, plain, done.Number, running, waiting}},
		"kind":             {store.Filter{Kind: operation.Search}, []int64{labelled.Number, plain}},
		"collection":       {store.Filter{Collection: "tools"}, []int64{done.Number, running, waiting}},
		"states":           {store.Filter{States: []operation.State{operation.Running, operation.Succeeded}}, []int64{done.Number, running}},
		"label":            {store.Filter{Labels: map[string]string{"team": "data"}}, []int64{labelled.Number}},
		"labels":           {store.Filter{Labels: map[string]string{"team": "data", "batch": "8"}}, []int64{}},
		"created from":     {store.Filter{CreatedFrom: moment}, []int64{labelled.Number}},
		"created after":    {store.Filter{CreatedFrom: moment.Add(time.Microsecond)}, []int64{}},
		"created before":   {store.Filter{CreatedBefore: moment, Kind: operation.Search}, []int64{plain}},
		"below and limit":  {store.Filter{Below: plain, Limit: 2}, []int64{done.Number, running}},
		"all at once":      {store.Filter{Kind: operation.Search, Collection: "spoons", States: []operation.State{operation.Waiting}, CreatedFrom: moment, Labels: map[string]string{"batch": "7"}}, []int64{labelled.Number}},
		"another timezone": {store.Filter{CreatedFrom: moment.In(time.FixedZone("east", 3600*9))}, []int64{labelled.Number}},
	} {
		if diff := cmp.Diff(tt.want, f.list(t, tt.filter)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A list that is read page by page neither repeats nor misses what was there at its beginning, while operations come and go.
func TestAListIsStable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var there []int64
	var ops []*operation.Operation
	for range 9 {
		op := f.labelled(t, nil)
		ops = append(ops, op)
		there = append(there, op.Number)
	}
	slices.Reverse(there)
	var seen []int64
	for below := int64(0); ; below = seen[len(seen)-1] {
		page := f.list(t, store.Filter{Below: below, Limit: 2})
		if len(page) == 0 {
			break
		}
		seen = append(seen, page...)
		f.labelled(t, nil)
		gone := ops[len(ops)-1] // the latest, which has been listed
		ops = ops[:len(ops)-1]
		f.exec(t, `UPDATE xforce.tasks SET status = 'failed', finished_at = clock_timestamp(), is_active = FALSE WHERE task_id = $1`, gone.ID)
	}
	if diff := cmp.Diff(there, seen); diff != "" {
		t.Errorf("the pages (-want +got):\n%s", diff)
	}
}
