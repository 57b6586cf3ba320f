// Package stack starts Longshore with its Postgres and Redis on this machine, and keeps it running.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/postgres"
	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/redis"
)

// The environment variables with the URLs of the servers, read by the launcher and its children.
const (
	databaseVariable = "DATABASE_URL"
	redisVariable    = "REDIS_URL"
)

// Profile configures the Postgres and the Redis that OpenServers starts.
type Profile struct {
	Folder     string            // for their data
	Fresh      bool              // start with empty data
	FixedPorts bool              // the default ports or others, but the same at every start; else random ones
	EmbedRedis bool              // if no Redis is installed, run one inside this process instead of installing it
	Postgres   map[string]string // settings in addition to those of package postgres
	Redis      []string          // arguments in addition to those of package redis
}

// Servers are the Postgres and the Redis of a stack: those of the environment, or started ones.
type Servers struct {
	DatabaseURL string
	RedisURL    string
	OwnDatabase bool // the Postgres was started by OpenServers, in the data folder

	ports   *ports
	units   []unit // the started servers that run as processes
	closers []func() error
}

// OpenServers uses the servers of DATABASE_URL and REDIS_URL, and starts those that are not set. A
// server that is not installed is installed first. Each step is logged.
func OpenServers(ctx context.Context, profile Profile, log *process.Lines) (*Servers, error) {
	ports, err := openPorts(profile.Folder, log)
	if err != nil {
		return nil, err
	}
	s := &Servers{DatabaseURL: os.Getenv(databaseVariable), RedisURL: os.Getenv(redisVariable), ports: ports}
	if s.DatabaseURL != "" {
		log.Printf("using the Postgres of %s", databaseVariable)
	} else if err := s.startPostgres(ctx, profile, log); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.RedisURL != "" {
		log.Printf("using the Redis of %s", redisVariable)
	} else if err := s.startRedis(ctx, profile, log); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Env returns the environment of this process with the URLs of the servers.
func (s *Servers) Env() []string {
	return append(os.Environ(), databaseVariable+"="+s.DatabaseURL, redisVariable+"="+s.RedisURL)
}

// Close stops the started servers in reverse order.
func (s *Servers) Close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		errs = append(errs, s.closers[last]())
		s.closers = s.closers[:last]
	}
	return errors.Join(errs...)
}

func (s *Servers) startPostgres(ctx context.Context, profile Profile, log *process.Lines) error {
	programs, err := postgres.Find()
	if errors.Is(err, postgres.ErrNotFound) {
		var installed string
		installed, err = postgres.Install(ctx, filepath.Join(profile.Folder, "postgres-programs"), log)
		programs = []string{installed}
	}
	if err != nil {
		return err
	}
	options := postgres.Options{Programs: programs, Folder: filepath.Join(profile.Folder, "postgres"), Params: profile.Postgres}
	if profile.FixedPorts {
		options.Port = s.ports.preferred("postgres", postgres.DefaultPort)
	}
	if options.Log, err = s.prepare(profile, options.Folder); err != nil {
		return err
	}
	server, err := postgres.Start(ctx, options)
	if err != nil {
		return err
	}
	log.Printf("started Postgres from %s, data in %s", programs[0], server.Folder())
	s.DatabaseURL, s.OwnDatabase = server.URL(), true
	s.addUnit("postgres", server)
	if err := s.publishDatabase(profile.Folder); err != nil {
		return err
	}
	return s.remember(profile, "postgres", postgres.DefaultPort, server.Port())
}

func (s *Servers) startRedis(ctx context.Context, profile Profile, log *process.Lines) error {
	options := redis.Options{Folder: filepath.Join(profile.Folder, "redis"), Args: profile.Redis}
	if profile.FixedPorts {
		options.Port = s.ports.preferred("redis", redis.DefaultPort)
	}
	program, err := redis.Find()
	if errors.Is(err, redis.ErrNotFound) {
		if profile.EmbedRedis {
			return s.embedRedis(ctx, profile, options.Port, log)
		}
		program, err = redis.Install(ctx, log)
	}
	if err != nil {
		return err
	}
	options.Program = program
	if options.Log, err = s.prepare(profile, options.Folder); err != nil {
		return err
	}
	server, err := redis.Start(ctx, options)
	if err != nil {
		return err
	}
	log.Printf("started Redis from %s, data in %s", program, server.Folder())
	s.RedisURL = server.URL()
	s.addUnit("redis", server)
	return s.remember(profile, "redis", redis.DefaultPort, server.Port())
}

func (s *Servers) embedRedis(ctx context.Context, profile Profile, port int, log *process.Lines) error {
	server, err := redis.StartEmbedded(ctx, port)
	if err != nil {
		return err
	}
	log.Printf("no Redis is installed: using an embedded one without persistence; no import is lost with it, because all state is in Postgres")
	s.RedisURL = server.URL()
	s.closers = append(s.closers, server.Stop)
	return s.remember(profile, "redis", redis.DefaultPort, server.Port())
}

func (s *Servers) remember(profile Profile, name string, defaultPort, port int) error {
	if !profile.FixedPorts {
		return nil
	}
	return s.ports.remember(name, defaultPort, port)
}

// prepare opens the log file beside a server's folder, and deletes the folder for a fresh start.
func (s *Servers) prepare(profile Profile, folder string) (io.Writer, error) {
	if profile.Fresh {
		if err := datadir.RemoveServerDir(folder); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(folder + ".log")
	if err != nil {
		return nil, fmt.Errorf("opening a server's log: %w", err)
	}
	s.closers = append(s.closers, log.Close)
	return log, nil
}

func (s *Servers) addUnit(name string, server process.Process) {
	s.units = append(s.units, unit{name: name, Process: server})
	s.closers = append(s.closers, server.Stop)
}
