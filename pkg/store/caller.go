package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table"
)

// CallerError means that a table cannot be used on behalf of a caller. Its message is safe to show to
// clients.
type CallerError struct {
	Message string
	cause   error
}

// Error returns the message and the cause.
func (e *CallerError) Error() string {
	if e.cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.cause.Error()
}

// Unwrap returns the cause.
func (e *CallerError) Unwrap() error { return e.cause }

// The role is local to the transaction, and it is taken before the first savepoint: rolling back to a
// savepoint would end a role that was taken after it. Constraints that are deferred are checked while
// the role still applies.
const (
	takeRole = `SELECT set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`
	dropRole = `SELECT set_config('role', 'none', true), set_config('request.jwt.claims', '', true)`
)

// asCaller runs work with the caller's role and claims, within the transaction. It returns a
// *CallerError if the role is not among those of Options.Roles, if Postgres does not let the service
// take it, or if work fails because the role lacks a privilege.
func (s *Store) asCaller(ctx context.Context, tx pgx.Tx, c access.Caller, work func() error) error {
	if c.Role == "" {
		return work()
	}
	if !slices.Contains(s.roles, c.Role) {
		return &CallerError{Message: fmt.Sprintf("The role %q is not among those that LONGSHORE_ROLES allows", c.Role)}
	}
	if _, err := tx.Exec(ctx, takeRole, c.Role, string(c.Claims)); err != nil {
		return refusedRole(err, c.Role)
	}
	if err := work(); err != nil {
		if isForbidden(err) {
			return &CallerError{fmt.Sprintf("The role %q lacks a privilege that the collection's table needs", c.Role), err}
		}
		return err
	}
	var end pgx.Batch
	end.Queue(`SET CONSTRAINTS ALL IMMEDIATE`)
	end.Queue(dropRole)
	if err := tx.SendBatch(ctx, &end).Close(); err != nil {
		return fmt.Errorf("checking deferred constraints and giving the role back: %w", err)
	}
	return nil
}

// checkCaller returns an error if row-level security would not restrict the caller, also in the tables of lookups, or if
// code that runs as the caller, such as a trigger, could give itself the rights of a service that it does not restrict.
func checkCaller(ctx context.Context, tx pgx.Tx, c *collection.Collection, caller access.Caller) error {
	const exempted = `
SELECT coalesce(array_agg(r.rolname::text ORDER BY r.rolname), '{}') FROM pg_roles r
WHERE r.rolname IN (session_user, current_user) AND (r.rolsuper OR r.rolbypassrls OR EXISTS (
  SELECT FROM unnest($1::text[]) AS name JOIN pg_class t ON t.oid = to_regclass(name) WHERE t.relrowsecurity AND NOT t.relforcerowsecurity
    AND pg_has_role(r.oid, t.relowner, 'USAGE')))`
	if caller.Role == "" {
		return nil
	}
	tables := []string{table.QuoteName(c.Table)}
	for _, l := range c.Lookups {
		tables = append(tables, table.QuoteName(l.Table))
	}
	var roles []string
	if err := tx.QueryRow(ctx, exempted, tables).Scan(&roles); err != nil {
		return fmt.Errorf("reading the rights of the caller: %w", err)
	}
	if len(roles) > 0 {
		return fmt.Errorf("collection %q is used with the role %q, but row-level security does not apply to %s:"+
			" use roles that are neither superusers nor have BYPASSRLS, and for the owner of %s FORCE ROW LEVEL SECURITY",
			c.Name, caller.Role, strings.Join(roles, " and "), strings.Join(tables, " and "))
	}
	return nil
}

func refusedRole(err error, role string) error {
	if isForbidden(err) || isInvalidParameter(err) { // the service is no member of the role, or there is none
		return &CallerError{fmt.Sprintf("The service may not take the role %q", role), err}
	}
	return fmt.Errorf("taking the role of the caller: %w", err)
}
