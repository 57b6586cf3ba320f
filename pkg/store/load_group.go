package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/table/load"
)

// Load writes a batch with the records of the step's imports, on behalf of their caller. It returns load.ErrSeparately
// unless all of them are created or updated.
func (st *GroupStep) Load(ctx context.Context, batch *load.Batch) (result load.Result, err error) {
	err = st.tx.store.asCaller(ctx, st.tx, st.caller, func() error {
		result, err = batch.LoadGroup(ctx, st.tx)
		return err
	})
	if st.ledger = batch.Table().Ledger(); err == nil && batch.Table().OrderedByLedger() {
		err = st.addToLedger(ctx, batch)
	}
	return result, err
}

// queueLedger ends the step with load.ErrSeparately if a later import has deleted rows of a table whose columns keep the
// order: see Step.queueLedger.
func (st *GroupStep) queueLedger(batch *pgx.Batch) {
	if st.ledger == "" || st.compared {
		return
	}
	batch.Queue(laterInLedger, st.ledger, st.Members[0].Number).QueryRow(func(row pgx.Row) error {
		var filled bool
		if err := row.Scan(&filled); err != nil || !filled {
			return err
		}
		return load.ErrSeparately
	})
}

const (
	// earlierOfOthers is earlierUnfinished for whole imports, those that end with the step excepted.
	earlierOfOthers = `
SELECT EXISTS (SELECT FROM xforce.tasks WHERE kind = 'import' AND status IN ('waiting', 'running') AND number < $1 AND task_id <> ALL ($2))`

	insertGroupLedger = `
INSERT INTO xforce.ledger (target, number, seq, keys) SELECT $1, number, 0, keys FROM unnest($2::bigint[], $3::bytea[]) AS r (number, keys)`
)

// addToLedger adds the keys of all imports of the step if an earlier import may still come. It returns
// load.ErrSeparately if a later import has written one of them.
func (st *GroupStep) addToLedger(ctx context.Context, batch *load.Batch) error {
	if err := st.requireLast(ctx, batch); err != nil {
		return err
	}
	st.compared = true
	var (
		ids       []uuid.UUID
		numbers   []int64
		keys      [][]byte
		drawn     bool
		unsettled bool
	)
	for _, m := range st.Members {
		if written := batch.WrittenKeysOf(m.Number); len(written) > 0 {
			ids, numbers, keys = append(ids, m.ID), append(numbers, m.Number), append(keys, written)
		}
	}
	var queries pgx.Batch
	queries.Queue(numberBeingDrawn).QueryRow(func(row pgx.Row) error { return row.Scan(&drawn) })
	queries.Queue(earlierOfOthers, numbers[len(numbers)-1], ids).QueryRow(func(row pgx.Row) error { return row.Scan(&unsettled) })
	if err := st.tx.SendBatch(ctx, &queries).Close(); err != nil {
		return fmt.Errorf("looking for earlier imports: %w", err)
	}
	if !drawn && !unsettled {
		return nil
	}
	if _, err := st.tx.Exec(ctx, insertGroupLedger, st.ledger, numbers, keys); err != nil {
		return fmt.Errorf("adding to the ledger: %w", err)
	}
	return nil
}

// requireLast returns load.ErrSeparately if an import that is later than one of the step has written a key of the batch.
func (st *GroupStep) requireLast(ctx context.Context, batch *load.Batch) error {
	rows, err := st.tx.Query(ctx, selectLater, st.ledger, st.Members[0].Number, 0, []int64{}, []int32{}, []int32{}) //nolint:rowserrcheck // ForEachRow returns their error
	if err != nil {
		return fmt.Errorf("reading the ledger: %w", err)
	}
	var keys []byte
	_, err = pgx.ForEachRow(rows, []any{nil, nil, &keys}, func() error {
		marked, err := batch.Supersede(keys)
		if err == nil && marked > 0 {
			err = load.ErrSeparately
		}
		return err
	})
	return err
}
