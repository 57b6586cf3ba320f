package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/infer"
	"github.com/longshore-io/longshore/pkg/table/load"
)

// InferCollection proposes a collection for a table: see infer.Infer.
func (s *Store) InferCollection(ctx context.Context, o infer.Order) (p *infer.Proposal, err error) {
	err = s.readCatalog(ctx, func(tx pgx.Tx) error {
		p, err = infer.Infer(ctx, tx, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("inferring a collection: %w", err)
	}
	return p, nil
}

// CheckCollection checks that a collection fits its table, and that its records can be written in the mode: see
// load.CheckFit. What a caller's own role may do is not checked.
func (s *Store) CheckCollection(ctx context.Context, c *collection.Collection, mode collection.WriteMode) error {
	return s.readCatalog(ctx, func(tx pgx.Tx) error {
		roles, err := writers(ctx, tx, c)
		if err != nil {
			return err
		}
		return load.CheckFit(ctx, tx, c, mode, roles...)
	})
}

// writers returns the roles that may be those that write to a collection's table: its own role, or those of the
// workers, which have a policy on xforce.tasks. If all programs share one role, there are no such policies.
func writers(ctx context.Context, tx pgx.Tx, c *collection.Collection) ([]string, error) {
	const workers = `
SELECT DISTINCT r.rolname::text FROM pg_catalog.pg_policies p JOIN pg_catalog.pg_roles r ON r.rolname = ANY (p.roles)
WHERE p.schemaname = 'xforce' AND p.tablename = 'tasks' AND p.policyname LIKE 'worker %'`
	switch c.Role {
	case "":
	case access.RoleOfCaller:
		return nil, nil
	default:
		return []string{c.Role}, nil
	}
	roles, err := collect(ctx, tx, "reading the roles of the workers", pgx.RowTo[string], workers)
	if err == nil && len(roles) == 0 {
		roles = []string{""}
	}
	return roles, err
}

// IsTableVisible reports whether a role may read the table with the name: see table.IsVisibleTo.
func (s *Store) IsTableVisible(ctx context.Context, name, role string) (visible bool, err error) {
	err = s.readCatalog(ctx, func(tx pgx.Tx) error {
		visible, err = table.IsVisibleTo(ctx, tx, name, role)
		return err
	})
	return visible, err
}

// readCatalog runs work on the catalog of Postgres. Errors about what the table is stay as they are.
func (s *Store) readCatalog(ctx context.Context, work func(pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	err := s.inTx(ctx, work)
	var misfit *load.MisfitError
	var ambiguous *infer.AmbiguousKeyError
	var noKey *infer.NoKeyError
	var unfit *infer.UnfitError
	if errors.Is(err, table.ErrNotFound) || errors.As(err, &misfit) || errors.As(err, &ambiguous) || errors.As(err, &noKey) || errors.As(err, &unfit) {
		return err
	}
	return ClientError(err)
}
