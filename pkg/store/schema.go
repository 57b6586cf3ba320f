package store

import (
	"context"
	"fmt"
)

// requireSchema returns a SchemaError if the database has not reached the schema version. A newer
// schema is accepted, because an upgrade migrates first and replaces the services afterwards.
// Nothing is applied here: that is the migrate command's task.
func (s *Store) requireSchema(ctx context.Context, version int64) error {
	if version == 0 {
		return nil
	}
	const newest = `SELECT coalesce(max(version_id), 0) FROM xforce.longshore_migrations WHERE is_applied`
	var current int64
	err := s.pool.QueryRow(ctx, newest).Scan(&current)
	if err != nil && !isUndefinedTable(err) {
		return fmt.Errorf("reading the schema version: %w", err)
	}
	if current < version {
		return &SchemaError{Has: current, Needs: version}
	}
	return nil
}

// SchemaError means that the database answers but has not been migrated far enough.
type SchemaError struct{ Has, Needs int64 }

// Error names both versions and the command to run.
func (e *SchemaError) Error() string {
	return fmt.Sprintf("the database is at schema version %d and this program needs %d: "+
		"run the migrate command with this DATABASE_URL (go run ./migrations/cmd/migrate)", e.Has, e.Needs)
}
