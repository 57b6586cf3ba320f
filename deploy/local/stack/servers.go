// Package stack brings up what Longshore runs on and Longshore itself, on one machine, and keeps it up.
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

// The environment variables that name the servers, for the launcher and for everything that it starts.
const (
	databaseVariable = "DATABASE_URL"
	redisVariable    = "REDIS_URL"
)

// Profile says what kind of Postgres and Redis is wanted.
type Profile struct {
	Folder       string            // where their data are
	Fresh        bool              // begin with empty data
	DefaultPorts bool              // take the well-known ports if they are free
	EmbedRedis   bool              // without a Redis on the machine, embed one instead of installing it
	Postgres     map[string]string // settings beside the package's own
	Redis        []string          // arguments beside the package's own
}

// Servers are the Postgres and the Redis of a stack: those of the environment, or those that were started.
type Servers struct {
	DatabaseURL string
	RedisURL    string

	units   []unit // those that can end by themselves
	closers []func() error
}

// OpenServers finds, installs or starts what the profile asks for. What it does is said, a line each.
func OpenServers(ctx context.Context, profile Profile, say *process.Lines) (*Servers, error) {
	s := &Servers{DatabaseURL: os.Getenv(databaseVariable), RedisURL: os.Getenv(redisVariable)}
	if s.DatabaseURL != "" {
		say.Printf("Postgres is the one of %s", databaseVariable)
	} else if err := s.startPostgres(ctx, profile, say); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.RedisURL != "" {
		say.Printf("Redis is the one of %s", redisVariable)
	} else if err := s.startRedis(ctx, profile, say); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Env is this process's environment with the addresses of the servers.
func (s *Servers) Env() []string {
	return append(os.Environ(), databaseVariable+"="+s.DatabaseURL, redisVariable+"="+s.RedisURL)
}

// Close stops what was started, the last first.
func (s *Servers) Close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		errs = append(errs, s.closers[last]())
		s.closers = s.closers[:last]
	}
	return errors.Join(errs...)
}

func (s *Servers) startPostgres(ctx context.Context, profile Profile, say *process.Lines) error {
	programs, err := postgres.Find()
	if errors.Is(err, postgres.ErrNotFound) {
		var installed string
		installed, err = postgres.Install(ctx, filepath.Join(profile.Folder, "postgres-programs"), say)
		programs = []string{installed}
	}
	if err != nil {
		return err
	}
	options := postgres.Options{Programs: programs, Folder: filepath.Join(profile.Folder, "postgres"), Params: profile.Postgres}
	if profile.DefaultPorts {
		options.Port = postgres.DefaultPort
	}
	log, err := s.prepare(profile, options.Folder)
	if err != nil {
		return err
	}
	options.Log = log
	server, err := postgres.Start(ctx, options)
	if err != nil {
		return err
	}
	say.Printf("Postgres from %s, data in %s", programs[0], server.Folder())
	s.DatabaseURL = server.URL()
	s.keep("postgres", server)
	return nil
}

func (s *Servers) startRedis(ctx context.Context, profile Profile, say *process.Lines) error {
	program, err := redis.Find()
	if errors.Is(err, redis.ErrNotFound) {
		if profile.EmbedRedis {
			return s.embedRedis(ctx, say)
		}
		program, err = redis.Install(ctx, say)
	}
	if err != nil {
		return err
	}
	options := redis.Options{Program: program, Folder: filepath.Join(profile.Folder, "redis"), Args: profile.Redis}
	if profile.DefaultPorts {
		options.Port = redis.DefaultPort
	}
	log, err := s.prepare(profile, options.Folder)
	if err != nil {
		return err
	}
	options.Log = log
	server, err := redis.Start(ctx, options)
	if err != nil {
		return err
	}
	say.Printf("Redis from %s, data in %s", program, server.Folder())
	s.RedisURL = server.URL()
	s.keep("redis", server)
	return nil
}

func (s *Servers) embedRedis(ctx context.Context, say *process.Lines) error {
	server, err := redis.StartEmbedded(ctx, redis.DefaultPort)
	if err != nil {
		return err
	}
	say.Printf("no Redis on this machine: an embedded one serves, in memory; nothing can be lost with it, because Postgres is the truth")
	s.RedisURL = server.URL()
	s.closers = append(s.closers, server.Stop)
	return nil
}

// prepare opens the log beside a server's folder, and empties the folder if the profile wants that.
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

func (s *Servers) keep(name string, server process.Process) {
	s.units = append(s.units, unit{name: name, Process: server})
	s.closers = append(s.closers, server.Stop)
}
