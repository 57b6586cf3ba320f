package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/quota"
)

// TenantLimits returns the limits of the tenants that have limits of their own.
func (s *Store) TenantLimits(ctx context.Context) (map[string]quota.Limits, error) {
	type row struct {
		Tenant string
		Limits json.RawMessage
	}
	rows, err := collectForClient(ctx, s.reads, "reading the limits of tenants", pgx.RowToStructByPos[row], `SELECT tenant, limits FROM xforce.tenant_limits`)
	if err != nil {
		return nil, err
	}
	limits := make(map[string]quota.Limits, len(rows))
	for _, r := range rows {
		var l quota.Limits
		if err := json.Unmarshal(r.Limits, &l); err != nil {
			return nil, fmt.Errorf("reading the limits of the tenant %s: %w", r.Tenant, err)
		}
		limits[r.Tenant] = l
	}
	return limits, nil
}

// SetTenantLimits replaces the limits of a tenant.
func (s *Store) SetTenantLimits(ctx context.Context, tenant string, l quota.Limits) error {
	const set = `
INSERT INTO xforce.tenant_limits (tenant, limits) VALUES ($1, $2)
ON CONFLICT (tenant) DO UPDATE SET limits = EXCLUDED.limits, updated_at = now()`
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encoding limits: %w", err)
	}
	return s.execForClient(ctx, "setting the limits of a tenant", set, tenant, json.RawMessage(text))
}

// UnsetTenantLimits removes the limits of a tenant, which then has those of the configuration.
func (s *Store) UnsetTenantLimits(ctx context.Context, tenant string) error {
	return s.execForClient(ctx, "removing the limits of a tenant", `DELETE FROM xforce.tenant_limits WHERE tenant = $1`, tenant)
}

const addUsage = `
INSERT INTO xforce.usage AS u (tenant, key_id, day, requests, bytes, records)
SELECT $1, key_id, $3::date, $4, $5, $6 FROM unnest($2::text[]) AS keys (key_id) ORDER BY key_id
ON CONFLICT (tenant, key_id, day) DO UPDATE SET requests = u.requests + EXCLUDED.requests, bytes = u.bytes + EXCLUDED.bytes, records = u.records + EXCLUDED.records
RETURNING key_id, requests, bytes, records`

// AddUsage adds what an account has used on a day, and returns what its tenant and its key have used then.
func (s *Store) AddUsage(ctx context.Context, a quota.Account, day time.Time, u quota.Usage) (ofTenant, ofKey quota.Usage, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	err = s.inTx(ctx, func(tx pgx.Tx) (err error) {
		ofTenant, ofKey, err = addUsageIn(ctx, tx, a, day, u)
		return err
	})
	return ofTenant, ofKey, ClientError(err)
}

func addUsageIn(ctx context.Context, tx pgx.Tx, a quota.Account, day time.Time, u quota.Usage) (ofTenant, ofKey quota.Usage, err error) {
	type row struct {
		Key string
		quota.Usage
	}
	keys := []string{""}
	if a.KeyID != "" {
		keys = append(keys, a.KeyID)
	}
	rows, err := collect(ctx, tx, "counting usage", func(r pgx.CollectableRow) (u row, err error) {
		return u, r.Scan(&u.Key, &u.Requests, &u.Bytes, &u.Records)
	}, addUsage, a.Tenant, keys, day, u.Requests, u.Bytes, u.Records)
	for _, r := range rows {
		if r.Key == "" {
			ofTenant = r.Usage
		} else {
			ofKey = r.Usage
		}
	}
	return ofTenant, ofKey, err
}

// charge counts a new operation with its records for the account of the context, inside the transaction
// that accepts it. It returns a fault quota-exceeded if a limit of the account is reached. Transactions of a
// tenant that has limits wait for each other here, so that none exceeds them together with another one.
func charge(ctx context.Context, tx pgx.Tx, records int64) error {
	a := quota.Of(ctx)
	if a == nil || a.None() {
		return nil
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('longshore:limits'), hashtext($1))`, a.Tenant); err != nil {
		return err
	}
	if err := checkOperations(ctx, tx, a); err != nil {
		return err
	}
	day, next := quota.Day(time.Now())
	ofTenant, ofKey, err := addUsageIn(ctx, tx, *a, day, quota.Usage{Records: records})
	if err != nil {
		return err
	}
	if limit := a.OfKey.RecordsPerDay; limit > 0 && ofKey.Records > limit {
		return quota.Exceeded("key", "records_per_day", limit, ofKey.Records-records, next)
	}
	if limit := a.OfTenant.RecordsPerDay; limit > 0 && ofTenant.Records > limit {
		return quota.Exceeded("tenant", "records_per_day", limit, ofTenant.Records-records, next)
	}
	return nil
}

// checkOperations returns a fault if the account has as many unfinished operations as it may have.
func checkOperations(ctx context.Context, tx pgx.Tx, a *quota.Account) error {
	for _, of := range []struct {
		whose     string
		limits    quota.Limits
		principal *string
	}{{"key", a.OfKey, &a.Principal}, {"tenant", a.OfTenant, nil}} {
		if of.limits.ConcurrentOperations == 0 && of.limits.QueuedOperations == 0 {
			continue
		}
		unfinished, waiting, err := countOperations(ctx, tx, a.Tenant, of.principal)
		switch {
		case err != nil:
			return err
		case of.limits.ConcurrentOperations > 0 && unfinished >= of.limits.ConcurrentOperations:
			return quota.Exceeded(of.whose, "concurrent_operations", of.limits.ConcurrentOperations, unfinished, time.Time{})
		case of.limits.QueuedOperations > 0 && waiting >= of.limits.QueuedOperations:
			return quota.Exceeded(of.whose, "queued_operations", of.limits.QueuedOperations, waiting, time.Time{})
		}
	}
	return nil
}

// countOperations counts the unfinished operations of a tenant, or of one of its principals.
func countOperations(ctx context.Context, db executor, tenant string, principal *string) (unfinished, waiting int64, err error) {
	const count = `
SELECT count(*), count(*) FILTER (WHERE status = $3) FROM xforce.tasks
WHERE status IN ('waiting', 'running') -- the condition of the partial index
  AND tenant = $1 AND ($2::text IS NULL OR principal = $2)`
	err = db.QueryRow(ctx, count, tenant, principal, operation.Waiting).Scan(&unfinished, &waiting)
	return unfinished, waiting, err
}

// Occupied is what the operations of a tenant, or of one of its principals, occupy.
type Occupied struct{ Unfinished, Waiting, StagedBytes int64 }

// Occupied returns what the operations of an account's tenant and key occupy.
func (s *Store) Occupied(ctx context.Context, a quota.Account) (ofTenant, ofKey Occupied, err error) {
	const staged = `
SELECT coalesce(sum(pg_column_size(c.payload)), 0) + coalesce((
    SELECT sum(p.byte_count) FROM xforce.upload_parts p JOIN xforce.tasks t USING (task_id) WHERE t.tenant = $1 AND ($2::text IS NULL OR t.principal = $2)), 0)
FROM xforce.tasks t JOIN xforce.task_chunks c USING (task_id)
WHERE t.tenant = $1 AND t.reclaimed_at IS NULL AND ($2::text IS NULL OR t.principal = $2)`
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	for of, principal := range map[*Occupied]*string{&ofTenant: nil, &ofKey: &a.Principal} {
		if of == &ofKey && a.KeyID == "" {
			continue
		}
		err := s.inTx(ctx, func(tx pgx.Tx) (err error) {
			if of.Unfinished, of.Waiting, err = countOperations(ctx, tx, a.Tenant, principal); err != nil {
				return err
			}
			return tx.QueryRow(ctx, staged, a.Tenant, principal).Scan(&of.StagedBytes)
		})
		if err != nil {
			return Occupied{}, Occupied{}, fmt.Errorf("measuring what operations occupy: %w", ClientError(err))
		}
	}
	return ofTenant, ofKey, nil
}

// DeleteUsage deletes what was counted more than age ago, at most limit rows, and returns how many.
func (s *Store) DeleteUsage(ctx context.Context, age time.Duration, limit int) (int, error) {
	const deleteOld = `
DELETE FROM xforce.usage WHERE (tenant, key_id, day) IN (
  SELECT tenant, key_id, day FROM xforce.usage WHERE day < (now() - $1::interval)::date LIMIT $2)`
	deleted, err := s.pool.Exec(ctx, deleteOld, age, limit)
	if err != nil {
		return 0, fmt.Errorf("deleting old usage: %w", err)
	}
	return int(deleted.RowsAffected()), nil
}
