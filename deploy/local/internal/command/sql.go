package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/stack"
)

// sql runs the SQL statements from in on the Postgres of make run, in one transaction unless they
// contain others, and prints their results with tabs between the columns.
func sql(ctx context.Context, in io.Reader, out io.Writer) (err error) {
	statements, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading the SQL statements: %w", err)
	}
	root, err := programs.Root()
	if err != nil {
		return err
	}
	folder, err := datadir.Locate(root)
	if err != nil {
		return err
	}
	address, err := stack.DatabaseURL(folder)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connecting to the Postgres of make run, which must be running: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	results, err := conn.PgConn().Exec(ctx, string(statements)).ReadAll()
	printResults(out, results)
	return err
}

func printResults(out io.Writer, results []*pgconn.Result) {
	for _, result := range results {
		if result.Err != nil {
			continue // ReadAll returns it
		}
		if len(result.FieldDescriptions) > 0 {
			names := make([][]byte, len(result.FieldDescriptions))
			for i, field := range result.FieldDescriptions {
				names[i] = []byte(field.Name)
			}
			printRow(out, names)
		}
		for _, row := range result.Rows {
			printRow(out, row)
		}
		_, _ = fmt.Fprintln(out, result.CommandTag)
	}
}

func printRow(out io.Writer, values [][]byte) {
	_, _ = fmt.Fprintf(out, "%s\n", bytes.Join(values, []byte("\t")))
}
