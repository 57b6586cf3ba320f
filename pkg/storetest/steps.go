package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// awaitTimeout is the maximum time of Await, long enough for a busy machine.
const awaitTimeout = 20 * time.Second

// Exec runs a statement, for example to move a time into the past. It fails the test on an error.
func Exec(tb testing.TB, conn *pgx.Conn, statement string, args ...any) {
	tb.Helper()
	if _, err := conn.Exec(tb.Context(), statement, args...); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

// Number runs a query that returns one number.
func Number(tb testing.TB, conn *pgx.Conn, query string, args ...any) (n int) {
	tb.Helper()
	if err := conn.QueryRow(tb.Context(), query, args...).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return n
}

// Texts returns the texts of a query's only column.
func Texts(tb testing.TB, conn *pgx.Conn, query string, args ...any) []string {
	tb.Helper()
	rows, err := conn.Query(tb.Context(), query, args...)
	if err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return texts
}

// Await repeats a query until it returns true. It fails the test after 20 seconds.
func Await(tb testing.TB, conn *pgx.Conn, query string, args ...any) {
	tb.Helper()
	for deadline := time.Now().Add(awaitTimeout); time.Now().Before(deadline); {
		var met bool
		if err := conn.QueryRow(tb.Context(), query, args...).Scan(&met); err != nil {
			tb.Fatalf("%s: %v", query, err)
		}
		if met {
			return
		}
	}
	tb.Fatalf("after %s: %s is still false, want true", awaitTimeout, query)
}

// Accept accepts a search or a report of a collection, with the request as JSON.
func Accept(tb testing.TB, db *store.Store, kind operation.Kind, collection, request string) *operation.Operation {
	tb.Helper()
	op, err := db.Accept(tb.Context(), store.Draft{
		Reference: operation.NewReference(), Kind: kind, Collection: collection, Lanes: 1, Request: json.RawMessage(request),
	})
	if err != nil {
		tb.Fatalf("accepting an operation: %v", err)
	}
	return op
}

// Refresh reads an operation again.
func Refresh(tb testing.TB, db *store.Store, op *operation.Operation) *operation.Operation {
	tb.Helper()
	current, err := db.Operation(tb.Context(), op.ID)
	if err != nil {
		tb.Fatalf("reading operation %s: %v", op.ID, err)
	}
	return current
}
