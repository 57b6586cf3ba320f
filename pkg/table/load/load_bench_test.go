package load_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// A benchmark batch has as many rows as a chunk, of about 380 bytes each.
const (
	benchmarkRows    = 5_000
	benchmarkBatches = 12
)

// tool is a record of the tools collection, as raw members and as values for pgx.
type tool struct {
	members []jsontext.Value
	values  []any
}

// newTools returns n records with random, unsorted keys.
func newTools(n int) []tool {
	random := rand.New(rand.NewPCG(1, 2))
	tools := make([]tool, n)
	for i := range tools {
		id := fmt.Sprintf("tool-%016x", random.Uint64())
		name := fmt.Sprintf("Tool number %d", i)
		description := strings.Repeat("a description of some length ", 5)
		features := []string{"fast", "reliable", "simple to run"}
		url := "https://tools.example.com/catalog/" + id
		tools[i].members = []jsontext.Value{
			quoted(id), quoted(name), quoted("analysis"), quoted(description),
			jsontext.Value(`["fast", "reliable", "simple to run"]`), quoted(url),
		}
		tools[i].values = []any{id, name, "analysis", description, features, url, int64(1), int32(i + 1)}
	}
	return tools
}

func quoted(s string) jsontext.Value {
	quoted, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		panic(err)
	}
	return quoted
}

// BenchmarkAdd measures the encoding.
func BenchmarkAdd(b *testing.B) {
	table := describeTools(b, storetest.Connect(b, storetest.NewDatabase(b)))
	tools := newTools(benchmarkRows)
	batch := table.NewBatch()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%benchmarkRows == 0 {
			batch.Reset()
		}
		if reasons := batch.Add(i%benchmarkRows+1, tools[i%benchmarkRows].members); reasons != nil {
			b.Fatal(reasons)
		}
	}
	b.ReportMetric(float64(batch.Size())/float64(batch.Len()), "bytes/row")
}

// BenchmarkLoad reports the speed of each method relative to bare COPY: pgx's CopyFrom of the same
// rows, in transactions of the same size, into an identical table. Each iteration starts with empty
// tables. The methods alternate batch by batch, so that changes of the machine's load affect all of
// them.
func BenchmarkLoad(b *testing.B) {
	ctx := b.Context()
	conn := storetest.Connect(b, storetest.NewDatabase(b))
	exec(b, conn, "CREATE TABLE bare (LIKE xforce.tools INCLUDING ALL)")
	table := describeTools(b, conn)
	tools := newTools(benchmarkRows * benchmarkBatches)
	batch := table.NewBatch()
	var bare, encode, direct, updated, retried, inserted time.Duration
	rows := 0
	for b.Loop() {
		exec(b, conn, "TRUNCATE bare; TRUNCATE xforce.tools")
		for part := range benchmarkBatches {
			share := tools[part*benchmarkRows : (part+1)*benchmarkRows]
			bare += timed(func() { copyBare(ctx, b, conn, share) })
			encode += timed(func() { fill(b, batch, share) })
			direct += timed(func() { mustLoad(ctx, b, conn, batch, 1, operation.Created) })
			rows += len(share)
		}
		for part := range benchmarkBatches {
			fill(b, batch, tools[part*benchmarkRows:(part+1)*benchmarkRows])
			updated += timed(func() { mustLoad(ctx, b, conn, batch, 2, operation.Updated) })
		}
		for part := range benchmarkBatches {
			unhinted := describeTools(b, conn).NewBatch() // a new Table has no conflict hints
			fill(b, unhinted, tools[part*benchmarkRows:(part+1)*benchmarkRows])
			retried += timed(func() { mustLoad(ctx, b, conn, unhinted, 3, operation.Updated) })
		}
		keepOnePerBatch(b, conn)
		for part := range benchmarkBatches {
			fill(b, batch, tools[part*benchmarkRows:(part+1)*benchmarkRows])
			inserted += timed(func() { mustLoad(ctx, b, conn, batch, 4, operation.Created, operation.Updated) })
		}
	}
	b.ReportMetric(float64(rows)/bare.Seconds(), "bare_rows/s")
	b.ReportMetric(float64(encode.Nanoseconds())/float64(rows), "encode_ns/row")
	b.ReportMetric(bare.Seconds()/(encode+direct).Seconds(), "direct/bare")
	b.ReportMetric(bare.Seconds()/(encode+updated).Seconds(), "upsert_known/bare")
	b.ReportMetric(bare.Seconds()/(encode+retried).Seconds(), "upsert_after_attempt/bare")
	b.ReportMetric(bare.Seconds()/(encode+inserted).Seconds(), "upsert_new/bare")
}

// keepOnePerBatch leaves one existing key for each batch, so that batches of new keys use the
// upsert.
func keepOnePerBatch(b *testing.B, conn *pgx.Conn) {
	b.Helper()
	exec(b, conn, "CREATE TEMP TABLE kept AS SELECT * FROM xforce.tools WHERE import_row = 1; TRUNCATE xforce.tools")
	exec(b, conn, "INSERT INTO xforce.tools SELECT * FROM kept; DROP TABLE kept")
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func copyBare(ctx context.Context, b *testing.B, conn *pgx.Conn, tools []tool) {
	b.Helper()
	tx, err := conn.Begin(ctx)
	if err != nil {
		b.Fatal(err)
	}
	columns := []string{"tool_id", "tool_name", "category", "description", "features", "url", "import_number", "import_row"}
	source := pgx.CopyFromSlice(len(tools), func(i int) ([]any, error) { return tools[i].values, nil })
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"bare"}, columns, source); err != nil {
		b.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		b.Fatal(err)
	}
}

func fill(b *testing.B, batch *load.Batch, tools []tool) {
	b.Helper()
	batch.Reset()
	for i := range tools {
		if reasons := batch.Add(i+1, tools[i].members); reasons != nil {
			b.Fatal(reasons)
		}
	}
}

func mustLoad(ctx context.Context, b *testing.B, conn *pgx.Conn, batch *load.Batch, number int64, want ...operation.Outcome) {
	b.Helper()
	tx, err := conn.Begin(ctx)
	if err != nil {
		b.Fatal(err)
	}
	result, err := batch.Load(ctx, tx, number)
	if err != nil {
		b.Fatal(err)
	}
	for _, got := range result.Outcomes {
		if !slices.Contains(want, got) {
			b.Fatalf("Load() outcome = %v, want one of %v", got, want)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		b.Fatal(err)
	}
}

func describeTools(tb testing.TB, conn *pgx.Conn) *load.Table {
	tb.Helper()
	table, err := load.Describe(tb.Context(), conn, collectiontest.Shipped(tb).MustGet(tb, "tools"))
	if err != nil {
		tb.Fatal(err)
	}
	return table
}
