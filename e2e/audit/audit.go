// Package audit holds the tables against each other: what the counts of an operation say, its chunks, its progress rows and its
// rejected records must tell, too (design section 3).
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

// settleLimit is how long the services may take, after a test, to clear away what broke off.
const settleLimit = 10 * time.Second

// unsettled finds what must not be there for long: uploads without a client, operations without an end. An upload in pieces may stay
// open until it is given up.
const unsettled = `
SELECT format('%s is %s with %s of %s chunks', task_id, status, done_chunks, total_chunks)
FROM xforce.tasks WHERE status IN ('waiting', 'running') OR status = 'receiving' AND coalesce(expires_at <= clock_timestamp(), TRUE)`

// Settled waits until no upload is open and every operation has ended.
func Settled(tb testing.TB, db *pgxpool.Pool) {
	tb.Helper()
	var left []string
	defer func() {
		for _, one := range left {
			tb.Errorf("never settled: operation %s", one)
		}
	}()
	await.Until(tb, settleLimit, "every operation to end", func() bool {
		left = find(tb, db, unsettled)
		return len(left) == 0
	})
}

// Check reports every broken invariant as an error of the test.
func Check(tb testing.TB, db *pgxpool.Pool) {
	tb.Helper()
	for _, b := range broken(tb, db) {
		tb.Errorf("it does not hold that %s: %s", b.invariant, b.where)
	}
}

// breach is one place where an invariant does not hold.
type breach struct {
	invariant, where string
}

// broken finds some places for each invariant, not all.
func broken(tb testing.TB, db *pgxpool.Pool) []breach {
	tb.Helper()
	const most = 5
	var all []breach
	for _, i := range invariants {
		found := find(tb, db, i.query)
		for _, where := range found[:min(len(found), most)] {
			all = append(all, breach{i.name, where})
		}
	}
	return all
}

func find(tb testing.TB, db *pgxpool.Pool, query string) []string {
	tb.Helper()
	ctx := context.Background() // the test's own has ended when its cleanups look
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
