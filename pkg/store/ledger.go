package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/table/load"
)

// The ledger keeps the order of imports for tables without columns for it (collection.OrderedByLedger). A chunk
// writes its rows, and then looks whether a later chunk has written one of their keys: that chunk had committed before
// this one got the lock of the row, so its keys are visible now. If so, the chunk starts over without these
// records. Its own keys it adds to the ledger if an earlier chunk may still come.
//
// Where columns of the table keep the order (collection.OrderedByColumns), a row that is deleted takes its number with it. So a
// chunk that deletes rows adds their keys to the ledger if an earlier import may still come. Other chunks compare their keys with
// the ledger only if there was anything in it when they began. Otherwise they look whether it is still so in the statements with
// which they end, and start over if it is not.

// lockLedger is held by a transaction that draws the number of an import, until it ends. A chunk that gets it
// alone knows that all imports with lower numbers than its own are visible.
const lockLedger = `SELECT pg_advisory_xact_lock_shared(hashtext('longshore:ledger'))`

const (
	selectLater = `
SELECT number, seq, keys FROM xforce.ledger WHERE target = $1 AND (number, seq) > ($2, $3)
  AND (number, seq, octet_length(keys)) NOT IN (SELECT * FROM unnest($4::bigint[], $5::int[], $6::int[]))`

	numberBeingDrawn = `
SELECT NOT CASE WHEN pg_try_advisory_lock(hashtext('longshore:ledger')) THEN pg_advisory_unlock(hashtext('longshore:ledger')) ELSE FALSE END`

	// Of an import that is not split yet, no chunk is there; it is unfinished itself.
	earlierUnfinished = `
SELECT EXISTS (SELECT FROM xforce.tasks WHERE kind = 'import' AND status IN ('waiting', 'running') AND number < $1)
  OR EXISTS (SELECT FROM xforce.task_chunks WHERE task_id = $2 AND seq < $3 AND state = 'pending')
  OR EXISTS (SELECT FROM xforce.task_chunks WHERE task_id = $2 AND seq < $3 AND state = 'awaiting')`

	laterInLedger = `SELECT EXISTS (SELECT FROM xforce.ledger WHERE target = $1 AND number > $2)`

	insertLedger = `
INSERT INTO xforce.ledger (target, number, seq, keys) VALUES ($1, $2, $3, $4)
ON CONFLICT (target, number, seq) DO UPDATE SET keys = EXCLUDED.keys`
)

// seen are the chunks whose keys a step has compared with its own, and how many bytes these had. A chunk whose records
// awaited their parents may have more keys later.
type seen struct {
	numbers     []int64
	seqs, sizes []int32
}

// loadByLedger is load for a table whose rows are ordered by the ledger.
func (st *Step) loadByLedger(ctx context.Context, batch *load.Batch) (load.Result, error) {
	const savepoint, release, rollback = `SAVEPOINT longshore_ledger`, `RELEASE SAVEPOINT longshore_ledger`, `ROLLBACK TO SAVEPOINT longshore_ledger`
	var compared seen
	if _, err := st.supersede(ctx, batch, &compared); err != nil {
		return load.Result{}, err
	}
	for {
		if _, err := st.tx.Exec(ctx, savepoint); err != nil {
			return load.Result{}, err
		}
		result, err := st.loadOrdered(ctx, batch)
		if err != nil {
			return load.Result{}, err
		}
		marked, err := st.supersede(ctx, batch, &compared)
		if err != nil {
			return load.Result{}, err
		}
		if marked == 0 {
			if _, err := st.tx.Exec(ctx, release); err != nil {
				return load.Result{}, err
			}
			return result, st.addToLedger(ctx, batch)
		}
		if _, err := st.tx.Exec(ctx, rollback); err != nil {
			return load.Result{}, err
		}
	}
}

// supersede marks the records whose keys a later chunk has written, as far as it was not compared before.
func (st *Step) supersede(ctx context.Context, batch *load.Batch, compared *seen) (marked int, err error) {
	rows, err := st.tx.Query(ctx, selectLater, st.ledger, st.Number, st.after(batch), compared.numbers, compared.seqs, compared.sizes) //nolint:rowserrcheck // ForEachRow returns their error
	if err != nil {
		return 0, fmt.Errorf("reading the ledger: %w", err)
	}
	var number int64
	var seq int32
	var keys []byte
	_, err = pgx.ForEachRow(rows, []any{&number, &seq, &keys}, func() error {
		compared.numbers, compared.seqs = append(compared.numbers, number), append(compared.seqs, seq)
		compared.sizes = append(compared.sizes, int32(len(keys))) //nolint:gosec // a field of Postgres has at most 1 GiB
		n, err := batch.Supersede(keys)
		marked += n
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("comparing with the ledger: %w", err)
	}
	return marked, nil
}

// after returns after which of its import's chunks those are that a step compares its keys with. Where columns of the table keep the
// order, it compares only with other imports: chunks that delete rows create none.
func (st *Step) after(batch *load.Batch) int {
	if batch.Table().OrderedByLedger() {
		return st.place
	}
	return math.MaxInt32
}

// ErrLedgerFilled means that a later import has deleted rows of the table while a chunk was written. The chunk must be processed
// again, to compare its keys.
var ErrLedgerFilled = errors.New("a later import has deleted rows meanwhile")

// queueLedger ends a step that has not compared its keys with the ledger with ErrLedgerFilled if there are later imports in it.
func (st *Step) queueLedger(batch *pgx.Batch) {
	if !st.uncompared {
		return
	}
	batch.Queue(laterInLedger, st.ledger, st.Number).QueryRow(func(row pgx.Row) error {
		var filled bool
		if err := row.Scan(&filled); err != nil || !filled {
			return err
		}
		return ErrLedgerFilled
	})
}

// addToLedger adds the keys that the chunk has written if an earlier one may still come. Where columns of the table keep the
// order, it adds those of deleted rows, before which only another import may come: chunks of the same import create no rows.
func (st *Step) addToLedger(ctx context.Context, batch *load.Batch) (err error) {
	seq := st.place
	if !batch.Table().OrderedByLedger() {
		seq = 0
		if !batch.Deletes() {
			return nil
		}
	}
	keys := batch.WrittenKeys()
	if len(keys) == 0 {
		return nil
	}
	var drawn, unfinished bool
	var queries pgx.Batch
	queries.Queue(numberBeingDrawn).QueryRow(func(row pgx.Row) error { return row.Scan(&drawn) })
	queries.Queue(earlierUnfinished, st.Number, st.chunk.OperationID, seq).QueryRow(func(row pgx.Row) error { return row.Scan(&unfinished) })
	if err := st.tx.SendBatch(ctx, &queries).Close(); err != nil {
		return fmt.Errorf("looking for earlier chunks: %w", err)
	}
	if !drawn && !unfinished {
		return nil
	}
	if st.awaiting {
		if keys, err = st.mergeLedger(ctx, keys); err != nil {
			return err
		}
	}
	if _, err := st.tx.Exec(ctx, insertLedger, st.ledger, st.Number, st.place, keys); err != nil {
		return fmt.Errorf("adding to the ledger: %w", err)
	}
	return nil
}

// mergeLedger adds keys to those that the chunk has written before.
func (st *Step) mergeLedger(ctx context.Context, keys []byte) ([]byte, error) {
	const selectOwn = `SELECT keys FROM xforce.ledger WHERE target = $1 AND number = $2 AND seq = $3`
	own, err := collect(ctx, st.tx, "reading the chunk's keys in the ledger", pgx.RowTo[[]byte], selectOwn, st.ledger, st.Number, st.place)
	if err != nil || len(own) == 0 {
		return keys, err
	}
	return load.MergeKeys(own[0], keys)
}

// deleteLedger deletes the keys of chunks before which none can come any more.
const deleteLedger = `
DELETE FROM xforce.ledger WHERE (target, number, seq) IN (
  SELECT l.target, l.number, l.seq FROM xforce.ledger l
  WHERE NOT EXISTS (SELECT FROM xforce.tasks t WHERE t.kind = 'import' AND t.status IN ('waiting', 'running') AND t.number < l.number)
    AND NOT EXISTS (SELECT FROM xforce.tasks t JOIN xforce.task_chunks c USING (task_id)
      WHERE t.number = l.number AND t.status IN ('waiting', 'running') AND c.seq < l.seq AND c.state IN ('pending', 'awaiting'))
  LIMIT $1 FOR UPDATE SKIP LOCKED)`

// DeleteLedger deletes the keys of chunks before which no other can come any more, at most of limit chunks, and returns
// of how many it deleted them. It waits for the transactions that draw numbers, because one of them may accept an
// import with a lower number.
func (s *Store) DeleteLedger(ctx context.Context, limit int) (int, error) {
	const (
		barrier     = `SELECT pg_advisory_lock(hashtext('longshore:ledger'))::text, pg_advisory_unlock(hashtext('longshore:ledger'))`
		barrierWait = 5 * time.Second
	)
	var filled bool
	if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM xforce.ledger)`).Scan(&filled); err != nil || !filled {
		return 0, errors.Join(err)
	}
	waiting, cancel := context.WithTimeout(ctx, barrierWait)
	defer cancel()
	if _, err := s.pool.Exec(waiting, barrier); err != nil {
		return 0, fmt.Errorf("waiting for the numbers of imports: %w", err)
	}
	tag, err := s.pool.Exec(ctx, deleteLedger, limit)
	if err != nil {
		return 0, fmt.Errorf("deleting from the ledger: %w", err)
	}
	return int(tag.RowsAffected()), nil
}
