// Package audit checks the consistency of Longshore's tables after a test: the counts of an operation
// against its chunks, progress rows and events.
package audit

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/longshore-io/longshore/e2e/await"
)

// settleLimit is how long the services may take after a test to finish or clean up all operations.
const settleLimit = 10 * time.Second

// unsettled finds unfinished operations and uploads without a client. A multipart upload may stay open
// until it expires.
const unsettled = `
SELECT format('%s is %s with %s of %s chunks', task_id, status, done_chunks, total_chunks)
FROM xforce.tasks WHERE status IN ('waiting', 'running') OR status = 'receiving' AND coalesce(expires_at <= clock_timestamp(), TRUE)`

// Settled waits until no upload is open and every operation is finished, and fails the test otherwise.
func Settled(tb testing.TB, db *pgxpool.Pool) {
	tb.Helper()
	var left []string
	defer func() {
		for _, description := range left {
			tb.Errorf("operation did not settle: %s", description)
		}
	}()
	await.Until(tb, settleLimit, "every operation to settle", func() bool {
		left = find(tb, db, unsettled)
		return len(left) == 0
	})
}

// Check reports violations of the invariants as errors of the test.
func Check(tb testing.TB, db *pgxpool.Pool) {
	tb.Helper()
	for _, v := range violations(tb, db) {
		tb.Errorf("invariant violated: %s: %s", v.invariant, v.description)
	}
}

// violation is one place where an invariant does not hold.
type violation struct {
	invariant, description string
}

// violations returns up to maxViolations of each invariant.
func violations(tb testing.TB, db *pgxpool.Pool) []violation {
	tb.Helper()
	const maxViolations = 5
	var all []violation
	for _, i := range invariants {
		found := find(tb, db, i.query)
		for _, description := range found[:min(len(found), maxViolations)] {
			all = append(all, violation{i.name, description})
		}
	}
	return all
}

func find(tb testing.TB, db *pgxpool.Pool, query string) []string {
	tb.Helper()
	ctx := context.Background() // tb.Context() is already cancelled during cleanups
	rows, err := db.Query(ctx, query)
	if err == nil {
		var found []string
		if found, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil {
			return found
		}
	}
	tb.Fatal(fmt.Errorf("auditing: %w, in %s", err, query))
	return nil
}
