// Package bare is what imports are measured against: a single stream of binary COPY into a table of the same kind, in
// transactions of 5,000 rows, with nothing else to do. Reading the records does not count: the rows are ready before the
// clock runs.
package bare

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// transactionRows is how many rows a transaction copies, as many as a chunk holds.
	transactionRows = 5_000
	// blockRows is how many rows are made ready at once, so that ten million need no more memory than one.
	blockRows = 20 * transactionRows
)

// table is the target of the baseline.
var table = pgx.Identifier{"xforce", "bare"}

// Prepare makes the baseline's table, with the columns and the indexes of the collection's, empty.
func Prepare(ctx context.Context, conn *pgx.Conn) error {
	name := table.Sanitize()
	statement := "DROP TABLE IF EXISTS " + name + "; CREATE TABLE " + name + " (LIKE xforce.tools INCLUDING ALL)"
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("creating the baseline's table: %w", err)
	}
	return nil
}

// Options says what is copied, and how.
type Options struct {
	// Limit bounds the records.
	Limit int
	// KeyOrder sorts the rows of each transaction by their key before the clock runs, which is kind to the index: the
	// harder thing to be compared with.
	KeyOrder bool
}

// Copy copies the NDJSON records of in and returns how many there were and how long their transactions took.
func Copy(ctx context.Context, conn *pgx.Conn, in io.Reader, opts Options) (records int, took time.Duration, err error) {
	reader := newReader(in)
	for {
		rows, err := reader.read(min(blockRows, opts.Limit-records))
		if err != nil {
			return records, took, fmt.Errorf("reading the records after %d: %w", records, err)
		}
		if len(rows) == 0 {
			return records, took, nil
		}
		if opts.KeyOrder {
			sortTransactions(rows)
		}
		runtime.GC() // the reader's garbage is not the copy's
		start := time.Now()
		if err := copyBlock(ctx, conn, rows); err != nil {
			return records, took, fmt.Errorf("copying the records after %d: %w", records, err)
		}
		took += time.Since(start)
		records += len(rows)
	}
}

func copyBlock(ctx context.Context, conn *pgx.Conn, rows [][]any) error {
	for part := range slices.Chunk(rows, transactionRows) {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			_, err := tx.CopyFrom(ctx, table, columns, pgx.CopyFromRows(part))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func sortTransactions(rows [][]any) {
	for part := range slices.Chunk(rows, transactionRows) {
		slices.SortFunc(part, func(a, b []any) int { return strings.Compare(a[keyColumn].(string), b[keyColumn].(string)) })
	}
}

// Count tells how many rows the baseline's table has.
func Count(ctx context.Context, conn *pgx.Conn) (rows int, err error) {
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+table.Sanitize()).Scan(&rows); err != nil {
		return 0, fmt.Errorf("counting the baseline's rows: %w", err)
	}
	return rows, nil
}
