package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
)

// AuditEntry says who did what, from where.
type AuditEntry struct {
	// ID ascends with the time of the entry; it is set by the store.
	ID int64
	At time.Time
	// Tenant is the tenant of the principal.
	Tenant string
	// PrincipalKind, Principal and Credential are those of access.Principal.
	PrincipalKind         access.Kind
	Principal, Credential string
	// Action is the action of the route.
	Action, Method, Route string
	// Object is what the request was about, such as the id of an operation or of a key; Collection is the
	// collection in its address.
	Object, Collection string
	Status             int
	// Client is the address of the client.
	Client, RequestID string
}

const auditColumns = `at, tenant, principal_kind, principal, credential, action, method, route, object, collection, status, client, request_id`

// insertAudit is a single statement, and so a transaction by itself, because an entry costs every change a
// round trip. The policies of row-level security check the rows by the setting, so it is set first.
const insertAudit = `
WITH tenants AS MATERIALIZED (SELECT set_config('longshore.tenants', $1::text[]::text, true))
INSERT INTO xforce.audit_log (` + auditColumns + `)
SELECT e.* FROM tenants, unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
  $11::text[], $12::smallint[], $13::text[], $14::text[]) AS e`

// WriteAudit stores entries, all or none.
func (s *Store) WriteAudit(ctx context.Context, entries []AuditEntry) error {
	var times []time.Time
	var statuses []int16
	var tenants, kinds, principals, actions, methods, routes, clients, requests []string
	var credentials, objects, collections []*string
	for _, e := range entries {
		times, statuses = append(times, e.At), append(statuses, int16(e.Status)) //nolint:gosec // a status of HTTP
		tenants, kinds, principals = append(tenants, e.Tenant), append(kinds, string(e.PrincipalKind)), append(principals, e.Principal)
		actions, methods, routes = append(actions, e.Action), append(methods, e.Method), append(routes, e.Route)
		clients, requests = append(clients, e.Client), append(requests, e.RequestID)
		credentials, objects = append(credentials, nullIfEmpty(e.Credential)), append(objects, nullIfEmpty(e.Object))
		collections = append(collections, nullIfEmpty(e.Collection))
	}
	visible := slices.Compact(slices.Sorted(slices.Values(tenants)))
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, insertAudit, visible, times, tenants, kinds, principals, credentials, actions, methods, routes, objects, collections,
		statuses, clients, requests)
	if err != nil {
		return fmt.Errorf("writing the audit log: %w", ClientError(err))
	}
	return nil
}

// AuditFilter selects entries. Zero values select all.
type AuditFilter struct {
	// From and To bound the time: from From, before To.
	From, To                  time.Time
	Principal, Action, Object string
	// Before is the id of the entry before which the page begins; 0 begins with the latest.
	Before int64
	Limit  int
}

// Audit returns the entries of a tenant that the filter selects, the latest first.
func (s *Store) Audit(ctx context.Context, tenant string, f AuditFilter) ([]AuditEntry, error) {
	args := []any{tenant, f.Limit}
	conditions := []string{"tenant = $1"}
	add := func(condition string, value any, given bool) {
		if given {
			args = append(args, value)
			conditions = append(conditions, fmt.Sprintf(condition, len(args)))
		}
	}
	add("entry_id < $%d", f.Before, f.Before > 0)
	add("at >= $%d", f.From, !f.From.IsZero())
	add("at < $%d", f.To, !f.To.IsZero())
	add("principal = $%d", f.Principal, f.Principal != "")
	add("action = $%d", f.Action, f.Action != "")
	add("object = $%d", f.Object, f.Object != "")
	statement := `SELECT entry_id, ` + auditColumns + ` FROM xforce.audit_log WHERE ` + strings.Join(conditions, " AND ") + ` ORDER BY entry_id DESC LIMIT $2`
	return collectForClient(ctx, s.reads, "reading the audit log", scanAudit, statement, args...)
}

func scanAudit(row pgx.CollectableRow) (e AuditEntry, err error) {
	var credential, object, collection *string
	err = row.Scan(&e.ID, &e.At, &e.Tenant, &e.PrincipalKind, &e.Principal, &credential, &e.Action, &e.Method, &e.Route, &object, &collection,
		&e.Status, &e.Client, &e.RequestID)
	for text, stored := range map[*string]*string{&e.Credential: credential, &e.Object: object, &e.Collection: collection} {
		if stored != nil {
			*text = *stored
		}
	}
	return e, err
}

// DeleteAudit deletes entries that are older than age, at most limit of them, and returns how many it
// deleted.
func (s *Store) DeleteAudit(ctx context.Context, age time.Duration, limit int) (int, error) {
	const deleteOld = `
DELETE FROM xforce.audit_log WHERE entry_id IN (
  SELECT entry_id FROM xforce.audit_log WHERE at < clock_timestamp() - $1::interval ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)`
	deleted, err := s.pool.Exec(ctx, deleteOld, age, limit)
	if err != nil {
		return 0, fmt.Errorf("deleting old entries of the audit log: %w", err)
	}
	return int(deleted.RowsAffected()), nil
}
