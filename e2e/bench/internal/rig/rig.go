// Package rig sets up what the benchmark measures: a database and a Redis database of its own on the servers given, the
// services' programs, and the services as processes for as long as a measurement lasts.
package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programs"
)

// closeLimit bounds the clearing up, which happens after a Ctrl-C too.
const closeLimit = 30 * time.Second

// Options says where the servers are and how the services run.
type Options struct {
	DatabaseURL, RedisURL string
	// Programs is a folder with the built services; empty builds them into a temporary one.
	Programs string
	// Importers is the number of importers.
	Importers int
	// Console shows what the services write; nil shows nothing.
	Console *process.Console
}

// Rig is a database, a Redis database and the programs.
type Rig struct {
	// Conn is a session on the benchmark's database, to be used by one goroutine.
	Conn *pgx.Conn
	// Redis is a client of the benchmark's Redis database.
	Redis *redis.Client
	// Importers is the number of importers that WithStack starts.
	Importers int

	programs string
	env      []string
	console  *process.Console
	undo     []func(context.Context) error
}

// Open makes the databases and builds the programs. Close takes everything away again.
func Open(ctx context.Context, opts Options) (*Rig, error) {
	r := &Rig{Importers: opts.Importers, programs: opts.Programs, console: opts.Console}
	if err := r.open(ctx, opts); err != nil {
		return nil, errors.Join(err, r.Close(ctx))
	}
	return r, nil
}

func (r *Rig) open(ctx context.Context, opts Options) error {
	databaseURL, err := r.openDatabase(ctx, opts.DatabaseURL)
	if err != nil {
		return err
	}
	redisURL, err := r.openRedis(ctx, opts.RedisURL)
	if err != nil {
		return err
	}
	if r.programs == "" {
		if err := r.build(ctx); err != nil {
			return err
		}
	}
	r.env = append(os.Environ(), "DATABASE_URL="+databaseURL, "REDIS_URL="+redisURL, "LONGSHORE_LOG_FORMAT=text")
	return nil
}

// build builds the programs into a folder that Close deletes.
func (r *Rig) build(ctx context.Context) error {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "longshore-bench-programs-")
	if err != nil {
		return fmt.Errorf("making a folder for the programs: %w", err)
	}
	r.programs = folder
	r.onClose(func(context.Context) error { return os.RemoveAll(folder) })
	var said strings.Builder
	if err := programs.Build(ctx, root, folder, &said); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String()))
	}
	return nil
}

func (r *Rig) onClose(undo func(context.Context) error) { r.undo = append(r.undo, undo) }

// Close takes away what Open made, the last first, also when the context has ended.
func (r *Rig) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	var errs []error
	for len(r.undo) > 0 {
		last := len(r.undo) - 1
		errs = append(errs, r.undo[last](ctx))
		r.undo = r.undo[:last]
	}
	return errors.Join(errs...)
}
