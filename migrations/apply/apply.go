// Package apply migrates a database to the newest schema while the services use it.
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
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/longshore-io/longshore/migrations"
	"github.com/longshore-io/longshore/migrations/grants"
)

// Table records the applied migrations. Services read it when they start.
const Table = "xforce.longshore_migrations"

// application is the name of the sessions in pg_stat_activity.
const application = "longshore-migrate"

// Applied is a migration that Up has applied.
type Applied struct {
	Number int64
	File   string
}

// Up applies the missing migrations with the default timeouts.
func Up(ctx context.Context, databaseURL string) ([]Applied, error) {
	return Migrator{DatabaseURL: databaseURL}.Up(ctx)
}

// Migrator applies migrations. Only its DatabaseURL is required.
type Migrator struct {
	DatabaseURL string
	// LockTimeout is how long a statement waits for a lock before its migration is rolled back; 0
	// means DefaultLockTimeout.
	LockTimeout time.Duration
	// RetryTimeout is how long a migration is retried because of locks; 0 means
	// DefaultRetryTimeout. It does not limit a migration that is working, such as one that builds
	// an index.
	RetryTimeout time.Duration
	// Roles are the names of the roles that get the rights of package grants after the migrations.
	// Roles without a name get none.
	Roles map[grants.Role]string
	// OnRetry, unless nil, is called before each retry.
	OnRetry func(Retry)

	// files replaces the migrations in tests.
	files fs.FS
}

// Up applies the missing migrations, each in a transaction of its own and all under an advisory
// lock, so that concurrent callers take turns. It returns what it applied, which is nothing if the
// schema is current. The error is a LockedError if other sessions held conflicting locks until the
// RetryTimeout; migrations applied before stay applied.
func (m Migrator) Up(ctx context.Context) (applied []Applied, err error) {
	m = m.withDefaults()
	config, err := pgx.ParseConfig(m.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("reading the database URL: %w", err)
	}
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["application_name"] = application
	config.RuntimeParams["lock_timeout"] = strconv.FormatInt(m.LockTimeout.Milliseconds(), 10)
	config.RuntimeParams["statement_timeout"] = "0" // that of the role may be shorter than a migration
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	err = m.retryWhileLocked(ctx, db, func() error {
		done, err := m.attempt(ctx, db)
		applied = append(applied, done...)
		return err
	})
	if err != nil {
		return applied, fmt.Errorf("applying migrations: %w", explainPooler(err))
	}
	return applied, nil
}

// protocolViolation is the SQLSTATE with which a pooler refuses a start-up parameter.
const protocolViolation = "08P01"

// explainPooler says what to do about an address that leads to a pooler: a migration holds a lock of
// its session, so it needs one of its own.
func explainPooler(err error) error {
	if fromServer, ok := errors.AsType[*pgconn.PgError](err); ok && fromServer.Code == protocolViolation {
		return fmt.Errorf("the address leads to a connection pooler: give migrate the address of Postgres itself in LONGSHORE_DIRECT_DATABASE_URL: %w", err)
	}
	return err
}

// attempt applies the missing migrations up to the first error, and returns those it applied along
// with the error.
func (m Migrator) attempt(ctx context.Context, db *sql.DB) ([]Applied, error) {
	if err := prepare(ctx, db); err != nil {
		return nil, err
	}
	provider, err := m.newProvider(db)
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		results = partial.Applied
	}
	var applied []Applied
	for _, r := range results {
		applied = append(applied, Applied{Number: r.Source.Version, File: r.Source.Path})
	}
	if err != nil {
		return applied, err
	}
	return applied, m.grant(ctx, db)
}

// newProvider returns a provider for one attempt, because a provider's lock does not reset its
// count of retries.
func (m Migrator) newProvider(db *sql.DB) (*goose.Provider, error) {
	seconds := max(1, uint64(m.RetryTimeout.Seconds())) // a concurrent caller may retry as long
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, seconds))
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
	if m.RetryTimeout == 0 {
		m.RetryTimeout = DefaultRetryTimeout
	}
	if m.OnRetry == nil {
		m.OnRetry = func(Retry) {}
	}
	if m.files == nil {
		m.files = migrations.Files()
	}
	return m
}
