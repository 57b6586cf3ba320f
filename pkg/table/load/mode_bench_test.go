package load_test

import (
	"testing"
	"time"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// BenchmarkModes reports the speed of merges and deletions relative to bare COPY. The records have three
// patterns of absent members in turn or, of the uniform batches, one. Of the mixed batches every second
// key is new.
func BenchmarkModes(b *testing.B) {
	ctx := b.Context()
	conn := storetest.Connect(b, storetest.NewDatabase(b))
	exec(b, conn, "CREATE TABLE bare (LIKE xforce.tools INCLUDING ALL)")
	table := describeTools(b, conn)
	tools := newTools(benchmarkRows * benchmarkBatches)
	same := newTools(len(tools))
	for i := range tools {
		for _, absent := range [][]int{nil, {3}, {4, 5}}[i%3] {
			tools[i].members[absent] = nil
		}
		same[i].members[3] = nil
	}
	batch := table.NewBatch()
	run := func(tools []tool, mode collection.WriteMode, number int64, want ...operation.Outcome) (total time.Duration) {
		for part := range benchmarkBatches {
			total += timed(func() {
				if err := batch.SetWriting(collection.Writing{Mode: mode}); err != nil {
					b.Fatal(err)
				}
				fillBatch(b, batch, tools[part*benchmarkRows:(part+1)*benchmarkRows])
				mustLoad(ctx, b, conn, batch, number, want...)
			})
		}
		return total
	}
	var bare, created, updated, mixed, uniform, deleted time.Duration
	for b.Loop() {
		exec(b, conn, "TRUNCATE bare; TRUNCATE xforce.tools")
		for part := range benchmarkBatches {
			bare += timed(func() { copyBare(ctx, b, conn, tools[part*benchmarkRows:(part+1)*benchmarkRows]) })
		}
		created += run(tools, collection.Merge, 1, operation.Created)
		updated += run(tools, collection.Merge, 2, operation.Updated)
		exec(b, conn, "DELETE FROM xforce.tools WHERE import_row % 2 = 0")
		mixed += run(tools, collection.Merge, 3, operation.Created, operation.Updated)
		exec(b, conn, "DELETE FROM xforce.tools WHERE import_row % 2 = 0")
		uniform += run(same, collection.Merge, 4, operation.Created, operation.Updated)
		deleted += run(tools, collection.Delete, 5, operation.Updated)
	}
	b.ReportMetric(bare.Seconds()/created.Seconds(), "merge_new/bare")
	b.ReportMetric(bare.Seconds()/updated.Seconds(), "merge_known/bare")
	b.ReportMetric(bare.Seconds()/mixed.Seconds(), "merge_mixed/bare")
	b.ReportMetric(bare.Seconds()/uniform.Seconds(), "merge_uniform_mixed/bare")
	b.ReportMetric(bare.Seconds()/deleted.Seconds(), "delete/bare")
}

// fillBatch adds the records to an empty batch.
func fillBatch(b *testing.B, batch *load.Batch, tools []tool) {
	b.Helper()
	for i := range tools {
		if reasons := batch.Add(i+1, tools[i].members); reasons != nil {
			b.Fatal(reasons)
		}
	}
}
