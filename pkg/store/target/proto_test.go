package target_test

import (
	"testing"
	"time"
	"bytes"
	"github.com/jackc/pgx/v5"
	"github.com/longshore-io/longshore/pkg/storetest"
	"github.com/longshore-io/longshore/pkg/operation"
)

const cols = "tool_id,tool_name,category,description,features,url,import_number,import_row"

func BenchmarkProto(b *testing.B) {
	ctx := b.Context()
	conn := storetest.Connect(b, storetest.NewDatabase(b))
	exec(b, conn, "CREATE TABLE bare (LIKE xforce.tools INCLUDING ALL)")
	exec(b, conn, "CREATE TEMP TABLE stage (LIKE xforce.tools) ON COMMIT DELETE ROWS")
	table := describeTools(b, conn)
	tools := makeTools(benchmarkRows * benchmarkBatches)
	batch := table.NewBatch()
	var bare, comp, temp, tcopy time.Duration
	up := `INSERT INTO xforce.tools AS held (`+cols+`) SELECT `+cols+` FROM stage ON CONFLICT (tool_id) DO UPDATE SET tool_name=excluded.tool_name, category=excluded.category,description=excluded.description,features=excluded.features,url=excluded.url,import_number=excluded.import_number,import_row=excluded.import_row WHERE held.import_number IS NULL OR held.import_row IS NULL OR (held.import_number, held.import_row) < (EXCLUDED.import_number, EXCLUDED.import_row) RETURNING held.import_row, held.xmax=0`
	for b.Loop() {
		exec(b, conn, "TRUNCATE bare; TRUNCATE xforce.tools")
		for part := range benchmarkBatches {
			share := tools[part*benchmarkRows : (part+1)*benchmarkRows]
			bare += timed(func() { copyBare(ctx, b, conn, share) })
			fill(b, batch, share)
			load(ctx, b, conn, batch, 1, operation.Created)
		}
		exec(b, conn, "VACUUM xforce.tools")
		n := int64(2)
		for round := range 4 {
		for part := range benchmarkBatches {
			share := tools[part*benchmarkRows : (part+1)*benchmarkRows]
			if round%2 == 0 {
				comp += timed(func() { fill(b, batch, share);load(ctx, b, conn, batch, n, operation.Updated) })
			} else {
				temp += timed(func() {
					tx, _ := conn.Begin(ctx)
					columns := []string{"tool_id", "tool_name", "category", "description", "features", "url", "import_number", "import_row"}
					tcopy += timed(func() {
					source := pgx.CopyFromSlice(len(share), func(i int) ([]any, error) { share[i].values[6] = n; return share[i].values, nil })
					if _, err := tx.CopyFrom(ctx, pgx.Identifier{"stage"}, columns, source); err != nil {
						b.Fatal(err)
					}
					})
					rr := conn.PgConn().ExecParams(ctx, up, nil, nil, nil, []int16{1})
					k := 0
					for rr.NextRow() {
						k++
						if bytes.Equal(rr.Values()[1], []byte{1}) { b.Fatal("x") }
					}
					if _, err := rr.Close(); err != nil { b.Fatal(err) }
					if k != len(share) { b.Fatal(k) }
					tx.Commit(ctx)
				})
			}
		}
		n++
		}
	}
	b.ReportMetric(bare.Seconds()*2/comp.Seconds(), "comp/bare")
	b.ReportMetric(bare.Seconds()*2/temp.Seconds(), "temp/bare")
	b.ReportMetric(bare.Seconds()*2/tcopy.Seconds(), "tcopy/bare")
}
