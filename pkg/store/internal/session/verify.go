package session

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// verify checks that a transaction has the settings that it begins with: something between the
// service and Postgres may change or drop them.
func (p *Pool) verify(ctx context.Context) error {
	const show = `SELECT name, setting FROM pg_settings WHERE name = ANY ($1)`
	want := map[string][]string{
		"timezone":                            {"UTC"},
		"synchronous_commit":                  {"on", "remote_apply"},
		"statement_timeout":                   {fmt.Sprint(p.opts.Statement.Milliseconds())},
		"lock_timeout":                        {"0"},
		"idle_in_transaction_session_timeout": {fmt.Sprint(p.opts.FrozenAfter.Milliseconds())},
		"transaction_timeout":                 {"0"},
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	var errs []error
	err := p.InTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, show, names) //nolint:rowserrcheck // ForEachRow does
		if err != nil {
			return err
		}
		var name, value string
		_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
			if !slices.Contains(want[name], value) {
				errs = append(errs, fmt.Errorf("%s is %s in a transaction, although the service has set it to %s: "+
					"something between the service and Postgres changes the settings of transactions", name, value, want[name][0]))
			}
			return nil
		})
		return err
	})
	return errors.Join(err, errors.Join(errs...))
}

// Risks returns why a crash can lose transactions that Postgres has committed, and with them what was
// answered with 202; none if the database is durable.
func (p *Pool) Risks(ctx context.Context) (risks []string, err error) {
	var fsync, fullPages bool
	const settings = `SELECT current_setting('fsync')::bool, current_setting('full_page_writes')::bool`
	if err := p.QueryRow(ctx, settings).Scan(&fsync, &fullPages); err != nil {
		return nil, fmt.Errorf("reading whether Postgres is durable: %w", err)
	}
	if !fsync {
		risks = append(risks, "fsync is off: a crash of the machine loses accepted operations and damages the database")
	}
	if !fullPages {
		risks = append(risks, "full_page_writes is off: a crash of the machine damages the database")
	}
	return risks, nil
}
