package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// settleAttempt limits one question about the outcome of a transaction, so that a silent
	// connection costs little.
	settleAttempt = 2 * time.Second
	// settleInterval is the time between two questions.
	settleInterval = 100 * time.Millisecond
)

// outcome is what is known about a transaction whose COMMIT was not answered.
type outcome int

const (
	unknown outcome = iota
	committed
	rolledBack
)

// transactionID identifies a transaction on one run of one server.
type transactionID struct {
	id     string
	server time.Time // start of the server
}

// queue adds a statement that reads the id of the current transaction to a batch. The id is empty if
// the transaction has changed nothing.
func (t *transactionID) queue(batch *pgx.Batch) {
	const current = `SELECT coalesce(pg_current_xact_id_if_assigned()::text, ''), pg_postmaster_start_time()`
	batch.Queue(current).QueryRow(func(row pgx.Row) error { return row.Scan(&t.id, &t.server) })
}

func (t *transactionID) changed() bool { return t.id != "" }

// selectOutcome asks the server what became of a transaction. Only the server that ran it knows its
// state: after a crash or a failover, ids are used again, and only the row shows it. A server that
// was started again runs none of the old transactions.
const selectOutcome = `
SELECT pg_is_in_recovery(), same, CASE WHEN same THEN coalesce(pg_xact_status($1::text::xid8), '') ELSE '' END,
  EXISTS (SELECT FROM xforce.tasks WHERE task_id = $3 AND ($4::text = '' OR task_reference = $4) AND (%s) AND {mine}),
  current_setting('synchronous_standby_names') <> ''
FROM (SELECT pg_postmaster_start_time() = $2::timestamptz AS same) AS server`

// settle asks for the outcome of a write until it is known or ctx ends.
func (s *Store) settle(ctx context.Context, w write, id transactionID) outcome {
	ticker := time.NewTicker(settleInterval)
	defer ticker.Stop()
	for {
		if found, final := s.askOutcome(ctx, w, id); final {
			return found
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return unknown
		}
	}
}

// askOutcome returns the outcome, and whether asking again can't change it.
func (s *Store) askOutcome(ctx context.Context, w write, id transactionID) (found outcome, final bool) {
	ctx, cancel := context.WithTimeout(ctx, settleAttempt)
	defer cancel()
	type answer struct {
		Standby, Same   bool
		Status          string
		Visible, Synced bool
	}
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return unknown, true
	}
	question, args := sc.limit(fmt.Sprintf(selectOutcome, w.visible), []any{id.id, id.server, w.id, w.reference})
	answers, err := collect(ctx, s.pool, "asking for the outcome of a transaction", pgx.RowToStructByPos[answer], question, args...)
	if err != nil || len(answers) != 1 || answers[0].Standby {
		return unknown, false
	}
	switch a := answers[0]; {
	case a.Status == "in progress", a.Same && a.Status == "":
		return unknown, false
	case a.Status == "aborted", !a.Same && !a.Visible:
		return rolledBack, true
	case a.Synced:
		// The session that was waiting for a standby has been ended. The transaction is visible here, but
		// a failover may still lose it.
		return unknown, true
	default:
		return committed, true
	}
}
