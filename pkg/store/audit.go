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

// WriteAudit stores entries, all or none.
func (s *Store) WriteAudit(ctx context.Context, entries []AuditEntry) error {
	var tenants []string
	rows := make([][]any, len(entries))
	for i, e := range entries {
		tenants = append(tenants, e.Tenant)
		rows[i] = []any{
			e.At, e.Tenant, string(e.PrincipalKind), e.Principal, nullIfEmpty(e.Credential), e.Action, e.Method, e.Route, nullIfEmpty(e.Object),
			nullIfEmpty(e.Collection), int16(e.Status), e.Client, e.RequestID, //nolint:gosec // a status of HTTP
		}
	}
	slices.Sort(tenants)
	ctx, cancel := context.WithTimeout(access.WithTenants(ctx, slices.Compact(tenants)), s.writeTimeout)
	defer cancel()
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		for _, row := range rows {
			batch.Queue(`INSERT INTO xforce.audit_log (`+auditColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, row...)
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
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
