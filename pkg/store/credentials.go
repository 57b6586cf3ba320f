package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
)

// Credential is what Longshore has issued and a client sends: an API key, or a short token or a session
// that a principal made. A token and a session are revoked and expire with the key that made them.
type Credential struct {
	Key

	// Kind is access.Key, access.Token or access.Session.
	Kind access.Kind
	// Principal is the id of the principal: the id of a key, or of the principal who made a token or a
	// session.
	Principal string
	// KeyID is the id of the key that made a token or a session; empty if it was made without one.
	KeyID string
	// Operation is the only operation whose events a token may read; uuid.Nil for no such limit.
	Operation uuid.UUID
	// MaxBytes is how many bytes of bodies may be sent with a token; 0 for no limit.
	MaxBytes int64
}

// Credentials returns those of the keys, tokens and sessions that exist, by id, in one query.
func (s *Store) Credentials(ctx context.Context, ids []string) (map[string]Credential, error) {
	const selectCredentials = `
SELECT 'key', key_id, NULL, NULL::uuid, NULL::bigint, ` + keyColumns + `
FROM xforce.api_keys WHERE key_id = ANY ($1)
UNION ALL
SELECT t.kind, t.principal, t.key_id, t.operation, t.max_bytes,
  t.token_id, t.tenant, '', t.digest, t.actions, t.collections, coalesce(t.role, ''), t.claims, t.principal, t.created_at,
  least(t.expires_at, k.expires_at), least(t.ended_at, k.revoked_at), NULL, k.limits
FROM xforce.api_tokens t LEFT JOIN xforce.api_keys k USING (key_id) WHERE t.token_id = ANY ($1)`
	found, err := collectForClient(ctx, s.reads, "reading credentials", scanCredential, selectCredentials, ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]Credential, len(found))
	for _, c := range found {
		byID[c.ID] = c
	}
	return byID, nil
}

func scanCredential(row pgx.CollectableRow) (c Credential, err error) {
	var keyID *string
	var operation *uuid.UUID
	var maxBytes *int64
	var expires, revoked, used *time.Time
	k := &c.Key
	err = row.Scan(&c.Kind, &c.Principal, &keyID, &operation, &maxBytes, &k.ID, &k.Tenant, &k.Name, &k.Digest, &k.Actions, &k.Collections,
		&k.Role, &k.Claims, &k.CreatedBy, &k.CreatedAt, &expires, &revoked, &used, &k.Limits)
	k.ExpiresAt, k.RevokedAt, k.LastUsedAt = zeroIfNull(expires), zeroIfNull(revoked), zeroIfNull(used)
	if keyID != nil {
		c.KeyID = *keyID
	}
	if operation != nil {
		c.Operation = *operation
	}
	if maxBytes != nil {
		c.MaxBytes = *maxBytes
	}
	return c, err
}

// CreateToken stores a token or a session. It deletes some that have expired long ago.
func (s *Store) CreateToken(ctx context.Context, c Credential) error {
	const (
		deleteOld = `
DELETE FROM xforce.api_tokens WHERE token_id IN (
  SELECT token_id FROM xforce.api_tokens WHERE expires_at < now() - interval '1 day' ORDER BY expires_at LIMIT 20 FOR UPDATE SKIP LOCKED)`
		insert = `
INSERT INTO xforce.api_tokens (token_id, kind, tenant, principal, key_id, digest, actions, collections, role, claims, operation, max_bytes, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
	)
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	err := s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, deleteOld); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, insert, c.ID, c.Kind, c.Tenant, c.Principal, nullIfEmpty(c.KeyID), c.Digest, c.Actions, c.Collections,
			nullIfEmpty(c.Role), c.Claims, nullIfNil(c.Operation), nullIfNone(c.MaxBytes), c.ExpiresAt)
		return err
	})
	if err != nil {
		return fmt.Errorf("creating a token: %w", ClientError(err))
	}
	return nil
}

func nullIfNil(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func nullIfNone(limit int64) *int64 {
	if limit == 0 {
		return nil
	}
	return &limit
}

// lockIssued locks a token or a session. It has no tag, because all that changes of it is that it ends.
const lockIssued = `
SELECT '', coalesce(ended_at, created_at) FROM xforce.api_tokens WHERE tenant = $1 AND token_id = $2 FOR NO KEY UPDATE`

// EndTokenOf ends a token or a session of a tenant, if the condition of the request holds. Ending it again has no effect. It returns a fault of kind
// NotFound if the tenant has no such token or session.
func (s *Store) EndTokenOf(ctx context.Context, tenant, id string) error {
	const end = `
UPDATE xforce.api_tokens SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE tenant = $1 AND token_id = $2 RETURNING token_id`
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	var ended []string
	err := s.inTx(ctx, func(tx pgx.Tx) (err error) {
		if err := checkCondition(ctx, tx, lockIssued, tenant, id); err != nil {
			return err
		}
		ended, err = collect(ctx, tx, "ending a token", pgx.RowTo[string], end, tenant, id)
		return err
	})
	switch {
	case err != nil:
		return ClientError(err)
	case len(ended) == 0:
		return TokenNotFound()
	}
	return nil
}

// TokenNotFound returns the fault for a token or a session that a tenant does not have.
func TokenNotFound() error {
	return fault.New(fault.NotFound, "token-not-found", "There is no such token or session. The audit log has the ids of those that were made.")
}

// EndToken ends a token or a session. Ending it again has no effect.
func (s *Store) EndToken(ctx context.Context, id string) error {
	const end = `UPDATE xforce.api_tokens SET ended_at = coalesce(ended_at, clock_timestamp()) WHERE token_id = $1`
	return s.execForClient(ctx, "ending a token", end, id)
}

// TakeBytes takes from what may still be sent with a token, and returns how many bytes were taken: n, or
// all that are left if n is negative. It returns a fault of kind TooLarge if fewer than n are left, or none.
func (s *Store) TakeBytes(ctx context.Context, id string, n int64) (taken int64, err error) {
	const take = `
WITH old AS (SELECT token_id, max_bytes - used_bytes AS free FROM xforce.api_tokens WHERE token_id = $1 FOR UPDATE),
  taken AS (SELECT token_id, CASE WHEN $2 < 0 THEN free ELSE $2 END AS n FROM old WHERE free > 0 AND free >= $2)
UPDATE xforce.api_tokens t SET used_bytes = t.used_bytes + taken.n FROM taken WHERE t.token_id = taken.token_id RETURNING taken.n`
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	var rows []int64
	err = s.inTx(ctx, func(tx pgx.Tx) (err error) {
		rows, err = collect(ctx, tx, "taking bytes of a token", pgx.RowTo[int64], take, id, n)
		return err
	})
	switch {
	case err != nil:
		return 0, ClientError(err)
	case len(rows) == 0:
		return 0, TokenBytesExceeded()
	}
	return rows[0], nil
}

// TokenBytesExceeded returns the fault for a body that is larger than what may still be sent with a token.
func TokenBytesExceeded() error {
	return fault.New(fault.TooLarge, "token-bytes-exceeded", "The body is larger than what may still be sent with this token (maxBytes). Ask for another token.")
}

// GiveBytes gives back bytes that TakeBytes took and that were not sent.
func (s *Store) GiveBytes(ctx context.Context, id string, n int64) error {
	const give = `UPDATE xforce.api_tokens SET used_bytes = used_bytes - $2 WHERE token_id = $1`
	return s.execForClient(ctx, "giving back bytes of a token", give, id, n)
}
