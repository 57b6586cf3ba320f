package load_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestLoadKindsConcurrently lets workers write the same new keys at once. Each row is created exactly once, and
// no two transactions wait for each other, which Postgres would report as an error.
func TestLoadKindsConcurrently(t *testing.T) {
	t.Parallel()
	const workers, batches, rows = 4, 8, 300
	for kind, of := range kindsOfItems {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, of(itemsTable), `{"x-longshore": {"table": "items", "key": ["id"], "ordering": "none"}, "properties": {"id": {}, "need": {}}}`)
			exec(t, f.conn, "DELETE FROM items")
			var created atomic.Int64
			var group sync.WaitGroup
			for n := range workers {
				conn := storetest.Connect(t, f.url)
				group.Go(func() {
					for i := range batches {
						batch := f.table.NewBatch()
						if err := batch.SetWriting(collection.Writing{Mode: []collection.WriteMode{collection.Replace, collection.Merge}[i%2]}); err != nil {
							t.Error(err)
							return
						}
						for row, key := range rand.Perm(2 * rows)[:rows] {
							batch.Add(row+1, members(t, f.collection, fmt.Sprintf(`{"id":"%d-%d","need":"x"}`, i, key)))
						}
						result, err := loadBatch(t.Context(), conn, batch, int64(n*batches+i+1))
						if err != nil {
							t.Error(err)
							return
						}
						for _, o := range result.Outcomes {
							switch o {
							case operation.Created:
								created.Add(1)
							case operation.Updated:
							default:
								t.Errorf("a record is %v, want created or updated", o)
							}
						}
					}
				})
			}
			group.Wait()
			f.wantRows(t, "SELECT count(*) FROM items", fmt.Sprintf("(%d)", created.Load()))
		})
	}
}

// TestLoadPartitionsInKeyOrder lets two workers create the same keys of two partitions, slowly. By default COPY collects the
// rows of each partition, so that the one would write 1, 3 and 2 and wait for the other, which would write 2 and then 3.
func TestLoadPartitionsInKeyOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `
CREATE FUNCTION slow(n INT) RETURNS INT IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN n; END $$;
CREATE TABLE x (id INT PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE odd PARTITION OF x FOR VALUES IN (1, 3); CREATE TABLE even PARTITION OF x FOR VALUES IN (2);
CREATE INDEX ON x (slow(id))`, `{"x-longshore": {"table": "x", "key": ["id"], "ordering": "none"}, "properties": {"id": {}}}`)
	var group sync.WaitGroup
	for _, ids := range [][]int{{1, 2, 3}, {2, 3}} {
		conn, batch := storetest.Connect(t, f.url), f.table.NewBatch()
		for _, id := range ids {
			f.add(t, batch, record{id, fmt.Sprintf(`{"id":%d}`, id)})
		}
		group.Go(func() {
			if _, err := loadBatch(t.Context(), conn, batch, 1); err != nil {
				t.Errorf("Load() of %v: %v", ids, err)
			}
		})
	}
	group.Wait()
}
