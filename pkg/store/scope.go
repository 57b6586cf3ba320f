package store

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations/grants"
	"github.com/longshore-io/longshore/pkg/access"
)

// scope is whose operations the statements of a call may read and change: those of the tenants of the
// request, or all. Statements on behalf of clients contain {mine}, which stands for the condition of
// the tenant on a row of xforce.tasks, or {mine $1}, which stands for the same about the operation with
// that id. A call that only workers make contains neither.
type scope struct {
	all     bool
	tenants []string
}

// errNoPrincipal means that a request reached the store without a principal. It is internal: clients
// see nothing of it.
var errNoPrincipal = errors.New("the request has no principal, or one without a valid tenant")

// scopeOf returns the scope of a call. In a store for clients (see Options.Role) it is the tenant of
// the context's principal, and an error without one. In a store for workers it is everything.
func (s *Store) scopeOf(ctx context.Context) (scope, error) {
	if !s.forClients {
		return scope{all: true}, nil
	}
	tenants := access.Tenants(ctx)
	if len(tenants) == 0 {
		return scope{}, errNoPrincipal
	}
	return scope{tenants: tenants}, nil
}

// tenantsFunc returns the function by which the transactions of a store for clients begin with the
// tenants of their context, for the policies of row-level security; nil for other stores.
func tenantsFunc(role grants.Role) func(context.Context) []string {
	if role != grants.API {
		return nil
	}
	return access.Tenants
}

// tenant returns the only tenant of the scope. In a scope of all it is the wanted one, or the default
// tenant.
func (sc scope) tenant(wanted string) (string, error) {
	switch {
	case sc.all && wanted == "":
		return access.DefaultTenant, nil
	case sc.all:
		return wanted, nil
	case len(sc.tenants) != 1 || wanted != "" && wanted != sc.tenants[0]:
		return "", errNoPrincipal
	}
	return sc.tenants[0], nil
}

// mine matches the places of a statement that stand for the condition of the tenant.
var mine = regexp.MustCompile(`\{mine(?: ([^}]+))?\}`)

// limit completes a statement with the condition of the tenant and its argument. It panics if the
// statement has no place for it, because such a statement would reach the rows of all tenants.
func (sc scope) limit(statement string, args []any) (string, []any) {
	if !mine.MatchString(statement) {
		panic("a statement on behalf of a client does not name the tenant: " + statement)
	}
	if sc.all {
		return mine.ReplaceAllString(statement, "TRUE"), args
	}
	condition := fmt.Sprintf("tenant = ANY ($%d::text[])", len(args)+1)
	limited := mine.ReplaceAllStringFunc(statement, func(place string) string {
		if id := mine.FindStringSubmatch(place)[1]; id != "" {
			return "EXISTS (SELECT FROM xforce.tasks mine WHERE mine.task_id = " + id + " AND mine." + condition + ")"
		}
		return condition
	})
	return limited, append(slices.Clip(args), sc.tenants)
}

// queue adds a statement on behalf of a client to a batch.
func (sc scope) queue(batch *pgx.Batch, statement string, args ...any) *pgx.QueuedQuery {
	statement, args = sc.limit(statement, args)
	return batch.Queue(statement, args...)
}

// collectMine is collectForClient for a statement on behalf of a client.
func collectMine[T any](
	ctx context.Context, s *Store, doing string, scan pgx.RowToFunc[T], statement string, args ...any,
) ([]T, error) {
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	statement, args = sc.limit(statement, args)
	return collectForClient(ctx, s.reads, doing, scan, statement, args...)
}

// queryMine runs a statement on behalf of a client and scans its only row.
func (s *Store) queryMine(ctx context.Context, statement string, args []any, dest ...any) error {
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return err
	}
	statement, args = sc.limit(statement, args)
	return s.pool.QueryRow(ctx, statement, args...).Scan(dest...)
}

// execMine runs a statement on behalf of a client and returns how many rows it changed.
func (s *Store) execMine(ctx context.Context, db executor, statement string, args ...any) (int64, error) {
	sc, err := s.scopeOf(ctx)
	if err != nil {
		return 0, err
	}
	statement, args = sc.limit(statement, args)
	tag, err := db.Exec(ctx, statement, args...)
	return tag.RowsAffected(), err
}
