package store

import (
	"context"
	"fmt"

	"github.com/longshore-io/longshore/pkg/table"
)

// requireRoles returns a *RoleError if the role of the sessions cannot take one of the roles of callers.
// It takes each of them, because only Postgres knows what its version asks for.
func (s *Store) requireRoles(ctx context.Context) error {
	for _, role := range s.roles {
		_, err := s.pool.Exec(ctx, takeRole, role, "") // until the end of the statement
		missing := isInvalidParameter(err)
		switch {
		case err == nil:
			continue
		case !missing && !isForbidden(err):
			return fmt.Errorf("trying the role %q of LONGSHORE_ROLES: %w", role, err)
		}
		name, err := queryOne[string](ctx, s.pool, `SELECT current_user::text`)
		if err != nil {
			return fmt.Errorf("reading the name of the role: %w", err)
		}
		return &RoleError{Name: name, Caller: role, Missing: missing}
	}
	return nil
}

// RoleError means that the role of DATABASE_URL cannot take a role of LONGSHORE_ROLES.
type RoleError struct {
	// Name is the name of the role in the database, Caller the role that it cannot take.
	Name, Caller string
	// Missing is true if the database has no role Caller.
	Missing bool
}

// Error says what an administrator has to do.
func (e *RoleError) Error() string {
	grant := fmt.Sprintf("GRANT %s TO %s", table.QuoteName(e.Caller), table.QuoteName(e.Name))
	if e.Missing {
		return fmt.Sprintf("LONGSHORE_ROLES contains the role %q, which does not exist in the database: remove it, or create it and execute %s", e.Caller, grant)
	}
	return fmt.Sprintf("LONGSHORE_ROLES contains the role %q, which the database role %s may not take: execute %s", e.Caller, e.Name, grant)
}
