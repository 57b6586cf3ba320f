package load_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestLoadModesConcurrently lets workers write the same keys in all modes at once, with records that leave
// out different members, and with keys in any order. Postgres would report a deadlock as an error.
func TestLoadModesConcurrently(t *testing.T) {
	t.Parallel()
	const workers, batches, rows = 6, 25, 60
	modes := []collection.WriteMode{collection.Replace, collection.Merge, collection.Insert, collection.Update, collection.Merge, collection.Delete}
	for _, ordering := range []string{"columns", "none"} {
		t.Run(ordering, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, thingsTable, strings.Replace(thingsSchema, `"key"`, `"ordering": "`+ordering+`", "key"`, 1))
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			var group sync.WaitGroup
			for n := range workers {
				conn := storetest.Connect(t, f.url)
				random := rand.New(rand.NewPCG(seed, uint64(n)))
				group.Go(func() {
					batch := f.table.NewBatch()
					for i := range batches {
						w := collection.Writing{Mode: modes[random.IntN(len(modes))]}
						if err := batch.SetWriting(w); err != nil {
							t.Error(err)
							return
						}
						// Some batches have only keys that exist, some only new ones, most both.
						for _, r := range randomThings(random, rows, 1000+100*random.IntN(3), 120, 0) {
							batch.Add(r.row, members(t, f.collection, r.json))
						}
						if _, err := loadBatch(t.Context(), conn, batch, int64(n*batches+i+1)); err != nil {
							t.Errorf("%s: %v", w.Mode, err)
							return
						}
					}
				})
			}
			group.Wait()
		})
	}
}

// TestLoadMergeConcurrently lets two workers merge different members into the same rows, whose keys they
// send in opposite orders. Both members of each row must be there in the end.
func TestLoadMergeConcurrently(t *testing.T) {
	t.Parallel()
	const schema = `{"x-longshore": {"table": "pairs", "key": ["id"], "ordering": "none", "write": "merge"}, "properties": {"id": {}, "x": {}, "y": {}}}`
	f := newFixture(t, "CREATE TABLE pairs (id INT PRIMARY KEY, x INT, y INT)", schema)
	const keys = 200
	var group sync.WaitGroup
	for n, member := range []string{"x", "y"} {
		conn := storetest.Connect(t, f.url)
		group.Go(func() {
			batch := f.table.NewBatch()
			for first := 0; first < keys; first += 20 {
				batch.Reset()
				for i := range 20 {
					key := first + i
					if n == 1 {
						key = first + 19 - i
					}
					f.add(t, batch, record{i + 1, strings.NewReplacer("K", strconv.Itoa(key), "M", member).Replace(`{"id":K,"M":1}`)})
				}
				if _, err := loadBatch(t.Context(), conn, batch, int64(n+1)); err != nil {
					t.Errorf("member %s: %v", member, err)
					return
				}
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff([]string{"(200,200,200)"}, f.rows(t, "SELECT count(*), count(x), count(y) FROM pairs")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
