package rig

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/longshore-io/longshore/migrations/apply"
)

// databasePrefix begins the names of the benchmark's databases.
const databasePrefix = "longshore_bench_"

// leftoverLock serialises the beginnings of benchmarks: a database that was just made must not pass for a leftover.
const leftoverLock = 0x62656e6368

// openDatabase makes and migrates a database and returns its address.
func (r *Rig) openDatabase(ctx context.Context, serverURL string) (string, error) {
	server, err := pgx.Connect(ctx, serverURL)
	if err != nil {
		return "", fmt.Errorf("connecting to Postgres: %w", err)
	}
	r.onClose(server.Close)
	if _, err := server.Exec(ctx, "SELECT pg_advisory_lock($1)", leftoverLock); err != nil {
		return "", fmt.Errorf("waiting for other benchmarks to begin: %w", err)
	}
	if err := dropLeftovers(ctx, server); err != nil {
		return "", err
	}
	name := databasePrefix + strings.ToLower(rand.Text())
	if _, err := server.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("creating the benchmark's database: %w", err)
	}
	r.onClose(func(ctx context.Context) error {
		if _, err := server.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("dropping the benchmark's database: %w", err)
		}
		return nil
	})
	address, err := withDatabase(serverURL, name)
	if err != nil {
		return "", err
	}
	if r.Conn, err = pgx.Connect(ctx, address); err != nil {
		return "", fmt.Errorf("connecting to the benchmark's database: %w", err)
	}
	r.onClose(r.Conn.Close)
	if _, err := server.Exec(ctx, "SELECT pg_advisory_unlock($1)", leftoverLock); err != nil {
		return "", fmt.Errorf("letting other benchmarks begin: %w", err)
	}
	_, err = apply.Up(ctx, address)
	return address, err
}

// dropLeftovers drops the databases of benchmarks that were killed. One that runs has sessions, and is left alone.
func dropLeftovers(ctx context.Context, server *pgx.Conn) error {
	const query = `SELECT datname FROM pg_database d WHERE starts_with(datname, $1)
  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)`
	rows, err := server.Query(ctx, query, databasePrefix)
	if err != nil {
		return fmt.Errorf("looking for databases of earlier runs: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("looking for databases of earlier runs: %w", err)
	}
	for _, name := range names {
		if _, err := server.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()); err != nil {
			return fmt.Errorf("dropping the database %s of an earlier run: %w", name, err)
		}
	}
	return nil
}

// Fresh empties every table of the product and lets Postgres write out what it holds back, so that each measurement
// begins alike.
func (r *Rig) Fresh(ctx context.Context) error {
	const tables = `SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables WHERE schemaname = 'xforce'`
	var list string
	if err := r.Conn.QueryRow(ctx, tables).Scan(&list); err != nil {
		return fmt.Errorf("listing the tables: %w", err)
	}
	if _, err := r.Conn.Exec(ctx, "TRUNCATE "+list); err != nil {
		return fmt.Errorf("emptying the tables: %w", err)
	}
	return r.Checkpoint(ctx)
}

// Checkpoint lets Postgres write out what it holds back.
func (r *Rig) Checkpoint(ctx context.Context) error {
	if _, err := r.Conn.Exec(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("checkpointing, which needs a superuser or the role pg_checkpoint: %w", err)
	}
	return nil
}
