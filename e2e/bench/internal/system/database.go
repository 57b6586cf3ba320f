package system

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations/apply"
)

// databasePrefix starts the names of the benchmark's databases.
const databasePrefix = "longshore_bench_"

// startLock serialises the start of benchmarks, so that none drops the new database of another one.
const startLock = 0x62656e6368

// openDatabase creates and migrates a database and returns its address.
func (s *System) openDatabase(ctx context.Context, serverURL string) (string, error) {
	server, err := pgx.Connect(ctx, serverURL)
	if err != nil {
		return "", fmt.Errorf("connecting to Postgres: %w", err)
	}
	s.onClose(server.Close)
	if _, err := server.Exec(ctx, "SELECT pg_advisory_lock($1)", startLock); err != nil {
		return "", fmt.Errorf("waiting for the start of other benchmarks: %w", err)
	}
	if err := dropLeftovers(ctx, server); err != nil {
		return "", err
	}
	name := databasePrefix + strings.ToLower(rand.Text())
	if _, err := server.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("creating the benchmark's database: %w", err)
	}
	s.onClose(func(ctx context.Context) error {
		if _, err := server.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("dropping the benchmark's database: %w", err)
		}
		return nil
	})
	address, err := withDatabase(serverURL, name)
	if err != nil {
		return "", err
	}
	if s.Conn, err = pgx.Connect(ctx, address); err != nil {
		return "", fmt.Errorf("connecting to the benchmark's database: %w", err)
	}
	s.onClose(s.Conn.Close)
	if _, err := server.Exec(ctx, "SELECT pg_advisory_unlock($1)", startLock); err != nil {
		return "", fmt.Errorf("releasing the start of other benchmarks: %w", err)
	}
	_, err = apply.Up(ctx, address)
	return address, err
}

// dropLeftovers drops the databases of killed benchmarks: those without a connection.
func dropLeftovers(ctx context.Context, server *pgx.Conn) error {
	const query = `SELECT datname FROM pg_database d WHERE starts_with(datname, $1)
  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)`
	rows, err := server.Query(ctx, query, databasePrefix)
	if err != nil {
		return fmt.Errorf("listing the databases of earlier runs: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("listing the databases of earlier runs: %w", err)
	}
	for _, name := range names {
		if _, err := server.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("dropping the database %s of an earlier run: %w", name, err)
		}
	}
	return nil
}

// Reset empties every table of the product but that of the versions, and runs a checkpoint, so that all measurements start
// alike.
func (s *System) Reset(ctx context.Context) error {
	const tables = `SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables
WHERE schemaname = 'xforce' AND tablename <> 'longshore_migrations'`
	var list string
	if err := s.Conn.QueryRow(ctx, tables).Scan(&list); err != nil {
		return fmt.Errorf("listing the tables: %w", err)
	}
	if _, err := s.Conn.Exec(ctx, "TRUNCATE "+list); err != nil {
		return fmt.Errorf("emptying the tables: %w", err)
	}
	return s.Checkpoint(ctx)
}

// Checkpoint makes Postgres write all changes to its data files.
func (s *System) Checkpoint(ctx context.Context) error {
	if _, err := s.Conn.Exec(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("running a checkpoint, which needs a superuser or the role pg_checkpoint: %w", err)
	}
	return nil
}
