// Package system provides what the benchmark measures: its own database and Redis database on the
// given servers, the services as processes, and what they use of the machine. It needs Linux.
package system

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programs"
)

// closeTimeout bounds the cleanup, which runs after a Ctrl-C too.
const closeTimeout = 30 * time.Second

// Options are the servers and the way the services run.
type Options struct {
	DatabaseURL, RedisURL string
	// Programs is the folder of the built services. If it is empty, they are built.
	Programs string
	// Importers is the number of importers.
	Importers int
	// Console prints the output of the services. It may be nil.
	Console *process.Console
}

// System is a database, a Redis database and the programs.
type System struct {
	// Conn is a connection to the benchmark's database, for one goroutine.
	Conn *pgx.Conn
	// Redis is a client of the benchmark's Redis database.
	Redis *redis.Client
	// Importers is the number of importers that WithServices starts.
	Importers int

	databaseURL string

	programs string
	env      []string
	console  *process.Console
	cleanup  []func(context.Context) error
}

// Open creates the databases and builds the programs. Close deletes all of them.
func Open(ctx context.Context, opts Options) (*System, error) {
	s := &System{Importers: opts.Importers, programs: opts.Programs, console: opts.Console}
	if err := s.open(ctx, opts); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

func (s *System) open(ctx context.Context, opts Options) error {
	databaseURL, err := s.openDatabase(ctx, opts.DatabaseURL)
	if err != nil {
		return err
	}
	redisURL, err := s.openRedis(ctx, opts.RedisURL)
	if err != nil {
		return err
	}
	if s.programs == "" {
		if err := s.build(ctx); err != nil {
			return err
		}
	}
	s.databaseURL = databaseURL
	s.env = append(os.Environ(), "DATABASE_URL="+databaseURL, "REDIS_URL="+redisURL, "LONGSHORE_LOG_FORMAT=text")
	return nil
}

// build builds the programs into a folder that Close deletes.
func (s *System) build(ctx context.Context) error {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "longshore-bench-programs-")
	if err != nil {
		return fmt.Errorf("creating a folder for the programs: %w", err)
	}
	s.programs = folder
	s.onClose(func(context.Context) error { return os.RemoveAll(folder) })
	var output strings.Builder
	if err := programs.Build(ctx, root, folder, &output); err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(output.String()))
	}
	return nil
}

func (s *System) onClose(cleanup func(context.Context) error) { s.cleanup = append(s.cleanup, cleanup) }

// Close deletes what Open created, in reverse order, also when the context has been cancelled.
func (s *System) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	var errs []error
	for len(s.cleanup) > 0 {
		last := len(s.cleanup) - 1
		errs = append(errs, s.cleanup[last](ctx))
		s.cleanup = s.cleanup[:last]
	}
	return errors.Join(errs...)
}

// withDatabase returns the address of another database of Postgres or Redis on the same server.
func withDatabase(serverURL, database string) (string, error) {
	address, err := url.Parse(serverURL)
	if err != nil {
		return "", fmt.Errorf("parsing the address of a server: %w", err)
	}
	address.Path = "/" + database
	return address.String(), nil
}

// Describe returns lines about the machine and the servers.
func (s *System) Describe(ctx context.Context) ([]string, error) {
	// The settings that decide the speed of Postgres.
	const query = `SELECT 'Postgres ' || current_setting('server_version') || ': ' || string_agg(name || ' ' || current_setting(name), ', ' ORDER BY n)
FROM unnest('{fsync,synchronous_commit,full_page_writes,wal_level,shared_buffers,max_wal_size}'::text[]) WITH ORDINALITY settings (name, n)`
	var postgres string
	if err := s.Conn.QueryRow(ctx, query).Scan(&postgres); err != nil {
		return nil, fmt.Errorf("reading the settings of Postgres: %w", err)
	}
	server, err := s.Redis.InfoMap(ctx, "server").Result()
	if err != nil {
		return nil, fmt.Errorf("reading the version of Redis: %w", err)
	}
	config, err := s.Redis.ConfigGet(ctx, "append*").Result()
	if err != nil {
		return nil, fmt.Errorf("reading the settings of Redis: %w", err)
	}
	return []string{
		fmt.Sprintf("%d cores, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version()),
		postgres,
		fmt.Sprintf("Redis %s: appendonly %s, appendfsync %s", server["Server"]["redis_version"], config["appendonly"], config["appendfsync"]),
		fmt.Sprintf("%d importers, one of each other service", s.Importers),
	}, nil
}
