package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Key is an API key as it is stored.
type Key struct {
	// ID is the part of the key that is not secret.
	ID     string
	Tenant string
	// Name is chosen by who made the key.
	Name string
	// Digest is the SHA-256 of the secret.
	Digest      []byte
	Actions     []string
	Collections []string
	// Role and Claims are those of package access; empty if the key has none.
	Role   string
	Claims json.RawMessage
	// Limits are what may be used with the key, a JSON object of package quota; nil for no limits.
	Limits json.RawMessage
	// CreatedBy is the id of the principal who made the key.
	CreatedBy string
	CreatedAt time.Time
	// The zero time means that the key does not expire, is not revoked, was not used.
	ExpiresAt, RevokedAt, LastUsedAt time.Time
}

// Revoked reports whether the key was revoked.
func (k Key) Revoked() bool { return !k.RevokedAt.IsZero() }

// Expired reports whether the key has expired at a time.
func (k Key) Expired(at time.Time) bool { return !k.ExpiresAt.IsZero() && !at.Before(k.ExpiresAt) }

const (
	keyColumns = `key_id, tenant, name, digest, actions, collections, coalesce(role, ''), claims, created_by, created_at,
  expires_at, revoked_at, last_used_at, limits`

	selectKeys = `SELECT ` + keyColumns + ` FROM xforce.api_keys WHERE `
)

// KeysOf returns the keys of a tenant, the latest first.
func (s *Store) KeysOf(ctx context.Context, tenant string) ([]Key, error) {
	return collectForClient(ctx, s.reads, "listing keys", scanKey, selectKeys+`tenant = $1 ORDER BY created_at DESC, key_id`, tenant)
}

// HasKeys reports whether there is a key that is neither revoked nor expired.
func (s *Store) HasKeys(ctx context.Context) (has bool, err error) {
	const exists = `
SELECT EXISTS (SELECT FROM xforce.api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp()))`
	if err := s.pool.QueryRow(ctx, exists).Scan(&has); err != nil {
		return false, fmt.Errorf("looking for keys: %w", err)
	}
	return has, nil
}

const insertKey = `
INSERT INTO xforce.api_keys (key_id, tenant, name, digest, actions, collections, role, claims, created_by, expires_at, limits)
SELECT $1, $2, $3, $4::bytea, $5::text[], $6::text[], $7, $8::json, $9, $10::timestamptz, $11::json`

// CreateKey stores a new key.
func (s *Store) CreateKey(ctx context.Context, k Key) error {
	_, err := s.createKey(ctx, k, insertKey)
	return err
}

// CreateFirstKey stores a key if there is none yet, not even a revoked one, and reports whether it did.
func (s *Store) CreateFirstKey(ctx context.Context, k Key) (bool, error) {
	return s.createKey(ctx, k, insertKey+` WHERE NOT EXISTS (SELECT FROM xforce.api_keys)`)
}

func (s *Store) createKey(ctx context.Context, k Key, statement string) (created bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		// Of several that make the first key at the same time, one makes it.
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('longshore:api_keys'))`); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, statement, k.ID, k.Tenant, k.Name, k.Digest, k.Actions, k.Collections, nullIfEmpty(k.Role), k.Claims,
			k.CreatedBy, nullIfZero(k.ExpiresAt), k.Limits)
		created = tag.RowsAffected() > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("creating a key: %w", ClientError(err))
	}
	return created, nil
}

// lockKey locks a key. A key has no tag, because all that changes of it is that it is revoked.
const lockKey = `
SELECT '', coalesce(revoked_at, created_at) FROM xforce.api_keys WHERE tenant = $1 AND key_id = $2 FOR NO KEY UPDATE`

// RevokeKey revokes a key of a tenant and returns it, if the condition of the request holds. Revoking it again has no effect. It returns a fault
// of kind NotFound if the tenant has no such key.
func (s *Store) RevokeKey(ctx context.Context, tenant, id string) (Key, error) {
	const revoke = `
UPDATE xforce.api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE tenant = $1 AND key_id = $2
RETURNING ` + keyColumns
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	var revoked []Key
	err := s.inTx(ctx, func(tx pgx.Tx) (err error) {
		if err := checkCondition(ctx, tx, lockKey, tenant, id); err != nil {
			return err
		}
		revoked, err = collect(ctx, tx, "revoking a key", scanKey, revoke, tenant, id)
		return err
	})
	switch {
	case err != nil:
		return Key{}, ClientError(err)
	case len(revoked) == 0:
		return Key{}, KeyNotFound()
	}
	return revoked[0], nil
}

// KeyNotFound returns the fault for a key that a tenant does not have.
func KeyNotFound() error {
	return fault.New(fault.NotFound, "key-not-found", "There is no such key. GET /keys lists the keys.")
}

// UseKeys sets the time of the last use of keys, each at most once a minute.
func (s *Store) UseKeys(ctx context.Context, ids []string) error {
	const use = `
UPDATE xforce.api_keys SET last_used_at = clock_timestamp()
WHERE key_id = ANY ($1) AND (last_used_at IS NULL OR last_used_at < ` + now + ` - interval '1 minute')`
	if _, err := s.pool.Exec(ctx, use, ids); err != nil {
		return fmt.Errorf("setting the last use of keys: %w", err)
	}
	return nil
}

func scanKey(row pgx.CollectableRow) (k Key, err error) {
	var expires, revoked, used *time.Time
	err = row.Scan(&k.ID, &k.Tenant, &k.Name, &k.Digest, &k.Actions, &k.Collections, &k.Role, &k.Claims, &k.CreatedBy, &k.CreatedAt,
		&expires, &revoked, &used, &k.Limits)
	k.ExpiresAt, k.RevokedAt, k.LastUsedAt = zeroIfNull(expires), zeroIfNull(revoked), zeroIfNull(used)
	return k, err
}
