// Package apply brings a database to the newest schema.
package apply

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/longshore-io/longshore/migrations"
)

// Table is where the applied migrations are recorded; services read it at their start.
const Table = "public.longshore_migrations"

// Applied is one migration that Up has carried out.
type Applied struct {
	Number int64
	File   string
}

// Up applies what the database lacks, under an advisory lock, so that two callers do not meet. It returns what it
// applied, which is nothing when the schema is current.
func Up(ctx context.Context, databaseURL string) (applied []Applied, err error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("reading the database URL: %w", err)
	}
	config.RuntimeParams["timezone"] = "UTC"
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := newProvider(db)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("applying migrations: %w", err)
	}
	for _, r := range results {
		applied = append(applied, Applied{Number: r.Source.Version, File: r.Source.Path})
	}
	return applied, nil
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fmt.Errorf("preparing the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files(),
		goose.WithSessionLocker(locker), goose.WithTableName(Table))
	if err != nil {
		return nil, fmt.Errorf("reading migrations: %w", err)
	}
	return provider, nil
}
