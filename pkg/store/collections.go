package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// CollectionVersion is a version of a stored collection. It never changes.
type CollectionVersion struct {
	// Version is unique among the versions of all collections; later ones have greater numbers.
	Version int64
	// Tenant uses the collection; it is collection.Shared if all tenants do.
	Tenant, Name string
	// Definition is the JSON Schema of the collection; nil if this version deleted it.
	Definition json.RawMessage
	// FromFolder reports whether the version comes from a folder of collection files.
	FromFolder bool
	// CreatedBy is the principal that stored the version.
	CreatedBy string
	CreatedAt time.Time
}

// CollectionRef is the collection of an operation in the version with which the operation was accepted.
type CollectionRef struct {
	Tenant, Name string
	// Version is 0 if the collection was not stored; then the one that is in force applies.
	Version int64
}

// Deleted reports whether the collection does not exist with this version.
func (v CollectionVersion) Deleted() bool { return v.Definition == nil }

const collectionColumns = `version, tenant, name, definition, from_folder, created_by, created_at`

func scanCollection(row pgx.CollectableRow) (v CollectionVersion, err error) {
	var definition *string
	err = row.Scan(&v.Version, &v.Tenant, &v.Name, &definition, &v.FromFolder, &v.CreatedBy, &v.CreatedAt)
	if definition != nil {
		v.Definition = json.RawMessage(*definition)
	}
	return v, err
}

// CollectionsSince returns the last version of each collection that was changed after the version since, in
// the order of their versions. Deleted ones are among them.
func (s *Store) CollectionsSince(ctx context.Context, since int64) ([]CollectionVersion, error) {
	const changed = `
SELECT ` + collectionColumns + ` FROM xforce.collections c WHERE version > $1 AND NOT EXISTS (
  SELECT FROM xforce.collections l WHERE l.tenant = c.tenant AND l.name = c.name AND l.version > c.version)
ORDER BY version`
	return collectForClient(ctx, s.reads, "reading the stored collections", scanCollection, changed, since)
}

// CollectionVersion returns a version of a collection. found is false if there is none with the number.
func (s *Store) CollectionVersion(ctx context.Context, version int64) (v CollectionVersion, found bool, err error) {
	const one = `SELECT ` + collectionColumns + ` FROM xforce.collections WHERE version = $1`
	all, err := collectForClient(ctx, s.reads, "reading a version of a collection", scanCollection, one, version)
	if err != nil || len(all) == 0 {
		return CollectionVersion{}, false, err
	}
	return all[0], true, nil
}

// ChangeCollection stores the next version of a collection. decide gets the version in force, whose Version is 0
// if the collection was never stored, and returns the next one, of which only Definition, FromFolder and CreatedBy
// are read. If its definition is that of the version in force, nothing is stored and changed is false. Changes
// of collections take turns, so a version that is visible has all earlier ones beside it.
func (s *Store) ChangeCollection(
	ctx context.Context, tenant, name string, decide func(current CollectionVersion) (CollectionVersion, error),
) (next CollectionVersion, changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.writeTimeout)
	defer cancel()
	var refused error
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('longshore:collections'))`); err != nil {
			return err
		}
		current, err := currentCollection(ctx, tx, tenant, name)
		if err != nil {
			return err
		}
		if next, refused = decide(current); refused != nil {
			return nil //nolint:nilerr // nothing was written; the caller gets the decision's error
		}
		if changed = string(next.Definition) != string(current.Definition) || next.Deleted() != current.Deleted(); !changed {
			next = current
			return nil
		}
		next, err = insertCollection(ctx, tx, tenant, name, next)
		return err
	})
	switch {
	case refused != nil:
		return CollectionVersion{}, false, refused
	case err != nil:
		return CollectionVersion{}, false, fmt.Errorf("storing a collection: %w", ClientError(err))
	}
	return next, changed, nil
}

func currentCollection(ctx context.Context, tx pgx.Tx, tenant, name string) (CollectionVersion, error) {
	const last = `
SELECT ` + collectionColumns + ` FROM xforce.collections WHERE tenant = $1 AND name = $2 ORDER BY version DESC LIMIT 1`
	all, err := collect(ctx, tx, "reading a collection", scanCollection, last, tenant, name)
	if err != nil || len(all) == 0 {
		return CollectionVersion{Tenant: tenant, Name: name}, err
	}
	return all[0], nil
}

func insertCollection(ctx context.Context, tx pgx.Tx, tenant, name string, next CollectionVersion) (CollectionVersion, error) {
	const insert = `
INSERT INTO xforce.collections (tenant, name, definition, from_folder, created_by) VALUES ($1, $2, $3, $4, $5)
RETURNING ` + collectionColumns
	var definition *string
	if !next.Deleted() {
		text := string(next.Definition)
		definition = &text
	}
	all, err := collect(ctx, tx, "inserting a version of a collection", scanCollection, insert, tenant, name, definition, next.FromFolder, next.CreatedBy)
	if err != nil {
		return CollectionVersion{}, err
	}
	return all[0], nil
}

// CollectionWasInFolder reports whether a version of the collection with this definition was stored from a folder
// before.
func (s *Store) CollectionWasInFolder(ctx context.Context, tenant, name string, definition json.RawMessage) (bool, error) {
	const was = `
SELECT EXISTS (SELECT FROM xforce.collections WHERE tenant = $1 AND name = $2 AND definition = $3 AND from_folder)`
	found, err := collectForClient(ctx, s.reads, "reading the versions of a collection", pgx.RowTo[bool], was, tenant, name, string(definition))
	return err == nil && found[0], err
}
