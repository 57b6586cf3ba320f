package ingest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/job"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

const (
	benchRecords = 100_000
	benchChunk   = 5_000
)

// BenchmarkOrderings loads the chunks of an import with two workers, by each way to keep the order: first new records, then
// the same again. It reports records per second, and the ratio to the columns in the same run.
func BenchmarkOrderings(b *testing.B) {
	elapsed := map[string][2]time.Duration{}
	for range b.N {
		for _, ordering := range []string{"columns", "ledger", "none"} {
			spent := loadTwice(b, ordering)
			total := elapsed[ordering]
			elapsed[ordering] = [2]time.Duration{total[0] + spent[0], total[1] + spent[1]}
		}
	}
	for _, ordering := range []string{"columns", "ledger", "none"} {
		for i, kind := range []string{"new", "again"} {
			b.ReportMetric(float64(b.N)*benchRecords/elapsed[ordering][i].Seconds(), ordering+"-"+kind+"/s")
			b.ReportMetric(elapsed["columns"][i].Seconds()/elapsed[ordering][i].Seconds(), ordering+"-"+kind+"-ratio")
		}
	}
}

// loadTwice returns the time of loading new records and of loading them again.
func loadTwice(b *testing.B, ordering string) (spent [2]time.Duration) {
	b.Helper()
	columns := ""
	if ordering == "columns" {
		columns = ", import_number BIGINT, import_row INT"
	}
	file := fmt.Sprintf(`{"x-longshore":{"table":"items","key":["id"],"ordering":%q},"properties":{"id":{"type":"integer"},"name":{"type":"string"},
"price":{"type":"number"},"made":{"type":"string"}}}`, ordering)
	f := newFixtureOf(b, `CREATE TABLE items (id BIGINT PRIMARY KEY, name TEXT, price NUMERIC(10,2), made DATE`+columns+`)`,
		map[string]string{"items": file}, store.Options{MaxConns: 6}, 3)
	for i := range spent {
		op := acceptItems(b, f.db, ordering == "ledger")
		begun := time.Now()
		var running sync.WaitGroup
		for lane := range 2 {
			running.Go(func() {
				for seq := lane; seq < op.Chunks; seq += 2 {
					if err := f.worker.ProcessChunk(b.Context(), job.Chunk{OperationID: op.ID, Seq: seq}); err != nil {
						b.Error(err)
					}
				}
			})
		}
		running.Wait()
		spent[i] = time.Since(begun)
	}
	return spent
}

func acceptItems(b *testing.B, db *store.Store, ledger bool) *operation.Operation {
	b.Helper()
	return accept(b, db, store.Draft{Collection: "items", Lanes: 2, Ledger: ledger}, benchChunk, func(yield func(string) bool) {
		for n := range benchRecords {
			if !yield(fmt.Sprintf(`{"id":%d,"name":%q,"price":%d.25,"made":"2026-01-31"}`, (n*7919)%benchRecords, strings.Repeat("x", 60), n%1000)) {
				return
			}
		}
	})
}
