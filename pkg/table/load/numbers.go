package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/table"
)

// Name returns the table's name, qualified by its schema and quoted for SQL.
func (t *Table) Name() string { return t.name }

// sampledBlocks is how many blocks of 8 KiB SampleImportNumber reads at the start of the table, and
// about how many it reads elsewhere.
const sampledBlocks = 200

// SampleImportNumber returns the greatest import number in a sample of the table's rows, 0 if no
// row has one. The number of blocks that it reads does not depend on the size of the table.
func (t *Table) SampleImportNumber(ctx context.Context, db table.DB) (int64, error) {
	if t.bookkeeping == 0 {
		return 0, nil
	}
	const sql = `
SELECT coalesce(max(import_number), 0) FROM (
  SELECT import_number FROM %[1]s WHERE ctid < '(%[2]d,0)'
  UNION ALL
  SELECT import_number FROM %[1]s TABLESAMPLE SYSTEM (
    (SELECT least(100, 100.0 * %[2]d * current_setting('block_size')::int / greatest(pg_relation_size($1::text::regclass), 1)))::real)) sample`
	rows, err := db.Query(ctx, fmt.Sprintf(sql, t.name, sampledBlocks), t.name)
	if err != nil {
		return 0, fmt.Errorf("sampling the import numbers of %s: %w", t.name, err)
	}
	number, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, fmt.Errorf("sampling the import numbers of %s: %w", t.name, err)
	}
	return number, nil
}
