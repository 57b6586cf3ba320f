package load_test

import (
	"context"
	"fmt"
	"os"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// Example loads two records of a collection. One key is new and one exists already.
func Example() {
	if err := loadTools(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// row 1: updated
	// row 2: created
}

func loadTools(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, `
CREATE TEMP TABLE tools (id TEXT PRIMARY KEY, price NUMERIC(8, 2), import_number BIGINT, import_row INT);
INSERT INTO tools VALUES ('saw', 20)`)
	if err != nil {
		return err
	}
	tools, err := collection.Parse("tools", []byte(`{
	  "x-longshore": {"table": "tools", "key": ["id"]},
	  "properties": {"id": {"type": "string"}, "price": {"type": "number"}}}`))
	if err != nil {
		return err
	}

	// Describe the table once and reuse the batch for many chunks.
	table, err := load.Describe(ctx, conn, tools)
	if err != nil {
		return err
	}
	batch := table.NewBatch()
	batch.Add(1, []jsontext.Value{jsontext.Value(`"saw"`), jsontext.Value(`19.90`)})
	batch.Add(2, []jsontext.Value{jsontext.Value(`"hammer"`), jsontext.Value(`12`)})
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		result, err := batch.Load(ctx, tx, 1)
		for i, outcome := range result.Outcomes {
			fmt.Printf("row %d: %v\n", batch.Row(i), outcome)
		}
		return err
	})
}
