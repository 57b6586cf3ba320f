package store_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// begin is the creation of the first operation of a history.
var begin = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// insertHistory inserts n operations of all kinds, states, collections and labels, one for each ten
// seconds. Some of them were in receipt for long, some are tombstones or have expired, and some have
// a creation after their seal, as after a clock was set back.
func (f fixture) insertHistory(t *testing.T, n int) {
	t.Helper()
	f.exec(t, `
INSERT INTO xforce.tasks (task_id, task_reference, kind, collection, status, number, created_at, sealed_at, finished_at, retention, is_active, labels)
SELECT gen_random_uuid(), 'H' || i, (ARRAY['import', 'search', 'report'])[1 + random() * 2], (ARRAY['tools', 'spoons'])[1 + random()],
  state, i, CASE i % 10 WHEN 0 THEN at - i * interval '7 s' WHEN 1 THEN at + i * interval '5 s' ELSE at END, at,
  CASE WHEN state IN ('waiting', 'running') THEN NULL ELSE at END, CASE WHEN i % 9 = 0 THEN interval '1 s' ELSE interval '90 years' END,
  i % 8 > 0 OR state IN ('waiting', 'running'),
  (ARRAY['{}', '{"team": "data"}', '{"team": "data", "batch": "7"}', '{"batch": "7"}'])[1 + random() * 3]::jsonb
FROM (
  SELECT i, $2::timestamp + i * interval '10 s' AS at,
    (ARRAY['waiting', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out'])[1 + random() * 5] AS state
  FROM generate_series(1, $1::int) AS i) AS history`, n, begin)
}

// expected returns what a list must return, by the conditions alone.
const expected = `
SELECT coalesce(array_agg(number ORDER BY number DESC), '{}') FROM xforce.tasks
WHERE is_active AND (finished_at IS NULL OR finished_at + retention > clock_timestamp())
  AND ($1 = '' OR kind = $1) AND ($2 = '' OR collection = $2) AND (cardinality($3::text[]) = 0 OR status = ANY ($3)) AND labels @> $4
  AND created_at >= $5::timestamp AND created_at < $6::timestamp`

// pick returns one of the values.
func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

// randomFilter returns a filter of some conditions.
func randomFilter(random *rand.Rand, n int) store.Filter {
	at := func() time.Time { return begin.Add(time.Duration(random.IntN(n*10)) * time.Second) }
	f := store.Filter{
		Kind:       pick(random, "", "", operation.Import, operation.Report),
		Collection: pick(random, "", "", "tools", "nowhere"),
		States: pick(random, nil, nil, []operation.State{operation.Failed}, []operation.State{operation.Waiting},
			[]operation.State{operation.Cancelled, operation.Running, operation.TimedOut}),
		Labels: pick(random, nil, nil, map[string]string{"team": "data"}, map[string]string{"team": "data", "batch": "7"}, map[string]string{"team": "x"}),
		Limit:  1 + random.IntN(20),
	}
	if random.IntN(2) == 0 {
		f.CreatedFrom = at()
	}
	if random.IntN(2) == 0 {
		f.CreatedBefore = at()
	}
	return f
}

// TestListPagesHaveAll: the pages of a list by any filter have exactly the operations that match,
// whether a page may examine few operations or many.
func TestListPagesHaveAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const n = 500
	f.insertHistory(t, n)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	for range 40 {
		filter, examined := randomFilter(random, n), pick(random, 11, 60, 5000)
		t.Run(fmt.Sprintf("seed %d, examined %d, %+v", seed, examined, filter), func(t *testing.T) {
			labels, before := map[string]string{}, begin.AddDate(100, 0, 0)
			maps.Copy(labels, filter.Labels)
			if !filter.CreatedBefore.IsZero() {
				before = filter.CreatedBefore
			}
			want := []int64{}
			err := f.sql.QueryRow(t.Context(), expected, filter.Kind, filter.Collection, append([]operation.State{}, filter.States...),
				labels, filter.CreatedFrom, before).Scan(&want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, f.listAll(t, filter, examined, n)); diff != "" {
				t.Errorf("numbers (-want +got):\n%s", diff)
			}
		})
	}
}

// listAll returns the numbers of all pages.
func (f fixture) listAll(t *testing.T, filter store.Filter, examined, maxPages int) []int64 {
	t.Helper()
	numbers := []int64{}
	for range maxPages {
		page, err := f.store.ListExamining(t.Context(), filter, examined)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range page.Operations {
			numbers = append(numbers, op.Number)
		}
		if page.Next == 0 {
			return numbers
		}
		filter.Below = page.Next
	}
	t.Fatalf("the list does not end within %d pages", maxPages)
	return nil
}
