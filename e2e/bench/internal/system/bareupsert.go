package system

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// BareUpsert is the baseline of small imports: connections that send one `INSERT … ON CONFLICT DO UPDATE`
// after another, each in a transaction of its own, into a table of the same kind.
type BareUpsert struct {
	// Clients is the number of connections.
	Clients int
}

// Run sends a transaction for each body of NDJSON records, which all have the same number of records. It
// returns the time from the first to the last. The table is emptied before.
func (b BareUpsert) Run(ctx context.Context, s *System, bodies [][]byte) (elapsed time.Duration, err error) {
	if _, err := s.Conn.Exec(ctx, "TRUNCATE "+bareTable.Sanitize()); err != nil {
		return 0, fmt.Errorf("emptying the baseline's table: %w", err)
	}
	transactions := make([][]any, len(bodies))
	for i, body := range bodies {
		if transactions[i], err = arguments(body); err != nil {
			return 0, err
		}
	}
	conns, err := s.connect(ctx, b.Clients)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeAll(ctx, conns)) }()
	statement := upsert(len(transactions[0]) / len(bareColumns))
	for _, conn := range conns { // prepares the statement
		if _, err := conn.Exec(ctx, statement, transactions[0]...); err != nil {
			return 0, fmt.Errorf("warming up the baseline: %w", err)
		}
	}
	errs := make([]error, len(conns))
	start := time.Now()
	var senders sync.WaitGroup
	for n, conn := range conns {
		senders.Go(func() {
			for i := n; i < len(transactions) && errs[n] == nil; i += len(conns) {
				_, errs[n] = conn.Exec(ctx, statement, transactions[i]...)
			}
		})
	}
	senders.Wait()
	return time.Since(start), errors.Join(errs...)
}

// arguments returns the values of the records, row by row.
func arguments(body []byte) ([]any, error) {
	rows, err := readRows(bufio.NewReaderSize(bytes.NewReader(body), readBuffer), 0, bytes.Count(body, []byte("\n")))
	if err != nil {
		return nil, err
	}
	var values []any
	for _, row := range rows {
		values = append(values, row...)
	}
	return values, nil
}

// upsert returns the statement for a number of rows.
func upsert(rows int) string {
	var sql strings.Builder
	sql.WriteString("INSERT INTO " + bareTable.Sanitize() + " (" + strings.Join(bareColumns, ", ") + ") VALUES ")
	for row := range rows {
		separator := "("
		if row > 0 {
			separator = ", ("
		}
		for column := range bareColumns {
			fmt.Fprintf(&sql, "%s$%d", separator, row*len(bareColumns)+column+1)
			separator = ", "
		}
		sql.WriteString(")")
	}
	sql.WriteString(" ON CONFLICT (tool_id) DO UPDATE SET ")
	for i, column := range bareColumns[1:] {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString(column + " = excluded." + column)
	}
	return sql.String()
}

// connect opens connections to the benchmark's database.
func (s *System) connect(ctx context.Context, n int) (conns []*pgx.Conn, err error) {
	for range n {
		conn, err := pgx.Connect(ctx, s.databaseURL)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("connecting to the benchmark's database: %w", err), closeAll(ctx, conns))
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

func closeAll(ctx context.Context, conns []*pgx.Conn) error {
	var errs []error
	for _, conn := range conns {
		errs = append(errs, conn.Close(ctx))
	}
	return errors.Join(errs...)
}
