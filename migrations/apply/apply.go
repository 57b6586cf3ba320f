// Package apply brings a database to the newest schema, beside the services that work on it.
package apply

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/longshore-io/longshore/migrations"
)

// Table is where the applied migrations are recorded; services read it at their start.
const Table = "public.longshore_migrations"

// application is what migrations call their sessions.
const application = "longshore-migrate"

// Applied is one migration that Up has carried out.
type Applied struct {
	Number int64
	File   string
}

// Up applies what the database lacks, as a Migrator that tells nobody of its waiting.
func Up(ctx context.Context, databaseURL string) ([]Applied, error) {
	return Migrator{DatabaseURL: databaseURL}.Up(ctx)
}

// Migrator applies migrations. Only its DatabaseURL is required.
type Migrator struct {
	DatabaseURL string
	// LockTimeout is how long a statement waits for a lock before its migration is rolled back; 0 means DefaultLockTimeout.
	LockTimeout time.Duration
	// Patience is how long migrations are tried again that find what they need locked; 0 means DefaultPatience. A migration that works, such
	// as one that builds an index, may take longer.
	Patience time.Duration
	// Waiting is told of each try that found something locked; nil tells nobody.
	Waiting func(Wait)

	// files are other migrations than ours, for tests.
	files fs.FS
}

// Up applies what the database lacks, in a transaction for each migration and under an advisory lock, so that two callers do not meet.
// It returns what it applied, which is nothing when the schema is current. Its error is a LockedError if others held what it needs for longer
// than its patience; what was applied before stays.
func (m Migrator) Up(ctx context.Context) (applied []Applied, err error) {
	m = m.withDefaults()
	config, err := pgx.ParseConfig(m.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("reading the database URL: %w", err)
	}
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["application_name"] = application
	config.RuntimeParams["lock_timeout"] = strconv.FormatInt(m.LockTimeout.Milliseconds(), 10)
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	err = m.untilFree(ctx, db, func() error {
		done, err := m.once(ctx, db)
		applied = append(applied, done...)
		return err
	})
	if err != nil {
		return applied, fmt.Errorf("applying migrations: %w", err)
	}
	return applied, nil
}

// once applies what it can and returns that, also with an error.
func (m Migrator) once(ctx context.Context, db *sql.DB) ([]Applied, error) {
	provider, err := m.newProvider(db)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	if broken, ok := errors.AsType[*goose.PartialError](err); ok {
		results = broken.Applied
	}
	var applied []Applied
	for _, r := range results {
		applied = append(applied, Applied{Number: r.Source.Version, File: r.Source.Path})
	}
	return applied, err
}

// newProvider makes a provider for one try: its lock counts how often it was waited for, and does not begin anew.
func (m Migrator) newProvider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, max(1, uint64(m.Patience.Seconds())))) // another migrate may wait as long
	if err != nil {
		return nil, fmt.Errorf("preparing the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, m.files, goose.WithSessionLocker(locker), goose.WithTableName(Table))
	if err != nil {
		return nil, fmt.Errorf("reading migrations: %w", err)
	}
	return provider, nil
}

func (m Migrator) withDefaults() Migrator {
	if m.LockTimeout == 0 {
		m.LockTimeout = DefaultLockTimeout
	}
	if m.Patience == 0 {
		m.Patience = DefaultPatience
	}
	if m.Waiting == nil {
		m.Waiting = func(Wait) {}
	}
	if m.files == nil {
		m.files = migrations.Files()
	}
	return m
}
