package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// ForeignNumbersError means that rows of a collection's table have import numbers that this
// installation has not given. Such rows would win over every import until it has given as many.
type ForeignNumbersError struct {
	// Table is the table's name as it is written in SQL.
	Table string
	// Found is the greatest number that was found, Last the last one that this installation has given.
	Found, Last int64
}

// Error says how to correct the table. It is safe to show to clients.
func (e *ForeignNumbersError) Error() string {
	return fmt.Sprintf("Rows of the table %[1]s have import numbers up to %[2]d, but this installation has given none above %[3]d:"+
		" they were written by another installation, and would win over every import. To let imports replace them, run:"+
		" UPDATE %[1]s SET import_number = NULL WHERE import_number > %[3]d", e.Table, e.Found, e.Last)
}

// Describe reads the definition of a collection's target table and checks that the collection fits
// it and that the caller's role can write to it. It returns a *ForeignNumbersError if a sample of the
// rows that the role sees has numbers of another installation.
func (s *Store) Describe(ctx context.Context, c *collection.Collection, caller access.Caller) (table *load.Table, err error) {
	var found int64
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		return s.asCaller(ctx, tx, caller, func() error {
			if err := checkCaller(ctx, tx, c, caller); err != nil {
				return err
			}
			if table, err = load.Describe(ctx, tx, c); err != nil {
				return err
			}
			found, err = table.SampleImportNumber(ctx, tx)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if err := checkNumber(ctx, s.pool, table.Name(), found); err != nil {
		return nil, err
	}
	return table, nil
}

// Resolve finds the rows of natural keys as part of the step, on behalf of its caller: see load.Keys. What a policy hides
// from the caller is not found.
func (st *Step) Resolve(ctx context.Context, all []*load.Keys) error {
	if !slices.ContainsFunc(all, func(keys *load.Keys) bool { return keys.Len() > 0 }) {
		return nil
	}
	return st.tx.store.asCaller(ctx, st.tx, st.caller, func() error {
		for _, keys := range all {
			if err := keys.Resolve(ctx, st.tx, st.Number); err != nil {
				return err
			}
		}
		return nil
	})
}

// Load writes a batch of the step's records into the collection's table as part of the step, on behalf
// of its caller. It returns a *ForeignNumbersError if a row of another installation superseded one of the records.
func (st *Step) Load(ctx context.Context, batch *load.Batch) (load.Result, error) {
	st.ledger = batch.Table().Ledger()
	if batch.Table().OrderedByLedger() || st.ledger != "" && st.ledgerFilled {
		return st.loadByLedger(ctx, batch)
	}
	result, err := st.loadOrdered(ctx, batch)
	if err != nil || st.ledger == "" {
		return result, err
	}
	st.uncompared = true
	return result, st.addToLedger(ctx, batch)
}

// loadOrdered writes a batch and returns a *ForeignNumbersError if a row of another installation superseded a record.
func (st *Step) loadOrdered(ctx context.Context, batch *load.Batch) (load.Result, error) {
	result, err := st.loadAsCaller(ctx, batch)
	if err != nil {
		return load.Result{}, err
	}
	if result.SupersededBy > st.Number {
		if err := checkNumber(ctx, st.tx, batch.Table().Name(), result.SupersededBy); err != nil {
			return load.Result{}, err
		}
	}
	return result, nil
}

// loadAsCaller writes a batch on behalf of the caller.
func (st *Step) loadAsCaller(ctx context.Context, batch *load.Batch) (result load.Result, err error) {
	err = st.tx.store.asCaller(ctx, st.tx, st.caller, func() error {
		result, err = batch.Load(ctx, st.tx, st.Number)
		return err
	})
	return result, err
}

// checkNumber returns a *ForeignNumbersError if this installation has not given the number. The
// number must have been read before.
func checkNumber(ctx context.Context, db executor, table string, found int64) error {
	const lastNumber = `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM xforce.task_numbers`
	if found == 0 {
		return nil
	}
	var last int64
	if err := db.QueryRow(ctx, lastNumber).Scan(&last); err != nil {
		return fmt.Errorf("reading the last import number: %w", err)
	}
	if found > last {
		return &ForeignNumbersError{Table: table, Found: found, Last: last}
	}
	return nil
}
