package system

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"
)

const (
	// transactionRows is the number of rows of a transaction, as many as a chunk has.
	transactionRows = 5_000
	// blockRows is the number of rows in memory, so that ten million need no more than one million.
	blockRows = 20 * transactionRows
	// readBuffer is longer than every generated record.
	readBuffer = 1 << 20
)

var (
	bareTable = pgx.Identifier{"xforce", "bare"}
	// bareColumns are the columns in the order of a row's values. The last two are those that
	// Longshore writes with every record.
	bareColumns = []string{"tool_id", "tool_name", "category", "description", "features", "url", "import_number", "import_row"}
)

// BareCopy is the baseline of imports: a single stream of binary COPY into a table of the same
// kind, in transactions of 5,000 rows. Reading the records is not measured: the rows are in memory
// before the clock starts.
type BareCopy struct {
	// Limit is the maximum number of records.
	Limit int
	// KeyOrder sorts the rows of each transaction by their key before the clock starts. That makes
	// COPY faster, because it fits the index.
	KeyOrder bool
}

// PrepareBareCopy creates the baseline's table, with the columns and indexes of the collection's.
func PrepareBareCopy(ctx context.Context, conn *pgx.Conn) error {
	name := bareTable.Sanitize()
	if _, err := conn.Exec(ctx, "DROP TABLE IF EXISTS "+name+"; CREATE TABLE "+name+" (LIKE xforce.tools INCLUDING ALL)"); err != nil {
		return fmt.Errorf("creating the baseline's table: %w", err)
	}
	return nil
}

// Run copies NDJSON records. It returns their number and the time of their transactions.
func (b BareCopy) Run(ctx context.Context, conn *pgx.Conn, in io.Reader) (records int, elapsed time.Duration, err error) {
	lines := bufio.NewReaderSize(in, readBuffer)
	for {
		rows, err := readRows(lines, records, min(blockRows, b.Limit-records))
		if err != nil {
			return records, elapsed, err
		}
		if len(rows) == 0 {
			return records, elapsed, nil
		}
		if b.KeyOrder {
			for transaction := range slices.Chunk(rows, transactionRows) {
				slices.SortFunc(transaction, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
			}
		}
		runtime.GC() // so that the garbage of reading is not collected while the clock runs
		start := time.Now()
		if err := copyRows(ctx, conn, rows); err != nil {
			return records, elapsed, fmt.Errorf("copying the records after %d: %w", records, err)
		}
		elapsed += time.Since(start)
		records += len(rows)
	}
}

func copyRows(ctx context.Context, conn *pgx.Conn, rows [][]any) error {
	for transaction := range slices.Chunk(rows, transactionRows) {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			_, err := tx.CopyFrom(ctx, bareTable, bareColumns, pgx.CopyFromRows(transaction))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// CountBareCopy returns the number of rows in the baseline's table.
func CountBareCopy(ctx context.Context, conn *pgx.Conn) (rows int, err error) {
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+bareTable.Sanitize()).Scan(&rows); err != nil {
		return 0, fmt.Errorf("counting the baseline's rows: %w", err)
	}
	return rows, nil
}

// record is a record of the collection `tools`. The pointers are optional members.
type record struct {
	ID          string   `json:"tool_id"`
	Name        string   `json:"tool_name"`
	Category    string   `json:"category"`
	Description *string  `json:"description"`
	Features    []string `json:"features"`
	URL         *string  `json:"url"`
}

// readRows returns the next rows, at most n, and none at the end. The number of the last row before
// them is last.
func readRows(lines *bufio.Reader, last, n int) ([][]any, error) {
	const importNumber = int64(1)
	rows := make([][]any, 0, n)
	for len(rows) < n {
		last++
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		var r record
		if err == nil {
			err = json.Unmarshal(line, &r)
		}
		if err != nil {
			return nil, fmt.Errorf("reading record %d: %w", last, err)
		}
		rows = append(rows, []any{r.ID, r.Name, r.Category, r.Description, r.Features, r.URL, importNumber, int32(last)}) //nolint:gosec // G115: fits
	}
	return rows, nil
}
