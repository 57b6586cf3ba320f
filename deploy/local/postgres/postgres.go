// Package postgres runs a Postgres server for development and tests. The server listens on the loopback
// address only, runs under an unprivileged account if root starts it, and ends with its starter.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/process"
)

const (
	// DefaultPort is the default port of Postgres.
	DefaultPort = 5432
	// startTimeout is the maximum time of a start, with the recovery of up to 4 GB of WAL after a crash.
	startTimeout = 2 * time.Minute
	// stopTimeout is the maximum time of a fast shutdown, which writes the buffers.
	stopTimeout = 30 * time.Second
	// retryTimeout is how long a start is retried while sessions of a killed server use its shared memory.
	retryTimeout = 15 * time.Second
)

// Options configures a server.
type Options struct {
	Programs []string          // folders with initdb and postgres, the preferred one first; nil: those of Find
	Folder   string            // for the data; empty: a temporary folder, which Remove deletes
	Port     int               // used if free, otherwise another one; zero: any free one
	Params   map[string]string // settings in addition to, and instead of, those of this package
	Log      io.Writer         // for the server's log; nil discards it
}

// params returns this package's settings. Those of durability keep Postgres's safe defaults.
func params() map[string]string {
	return map[string]string{
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "", // none, because their paths must be short and writable for the account
		"max_connections":         "200",
		"shared_buffers":          "256MB",
		"max_wal_size":            "4GB",
	}
}

// Server is a started server. Stop shuts it down: it disconnects the sessions and writes the data. Kill
// ends it with SIGKILL. After either, Restart starts it again.
type Server struct {
	process.Slot

	cluster   *cluster
	port      int
	params    map[string]string
	log       io.Writer
	temporary bool
}

// Start starts a server and returns when it accepts connections. It creates the cluster if necessary.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{params: params(), log: o.Log, temporary: o.Folder == ""}
	maps.Copy(s.params, o.Params)
	programs, err := programsOr(o.Programs)
	if err != nil {
		return nil, err
	}
	dir, err := openDir(ctx, o.Folder)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx, dir, programs, o.Port); err != nil {
		if s.temporary {
			err = errors.Join(err, datadir.RemoveServerDir(dir.Path))
		}
		return nil, err
	}
	return s, nil
}

func (s *Server) open(ctx context.Context, dir datadir.ServerDir, programs []string, port int) (err error) {
	if s.cluster, err = openCluster(ctx, dir, programs, s.temporary || s.params["fsync"] == "off"); err != nil {
		return err
	}
	// Before the port is chosen, because a server that a killed launcher has left may still use it.
	if err := reclaim(ctx, s.cluster.data()); err != nil {
		return err
	}
	if s.port, err = process.Port(ctx, port); err != nil {
		return err
	}
	return s.Restart(ctx)
}

func programsOr(given []string) ([]string, error) {
	if given != nil {
		return given, nil
	}
	return Find()
}

func openDir(ctx context.Context, folder string) (datadir.ServerDir, error) {
	if folder == "" {
		return datadir.TempServerDir(ctx, "postgres")
	}
	return datadir.OpenServerDir(ctx, folder)
}

// Port returns the port of the server, which stays the same until Remove.
func (s *Server) Port() int { return s.port }

// URL returns the address of the database named Name, with the role and password of its superuser.
func (s *Server) URL() string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(Name, s.cluster.password),
		Host: "127.0.0.1:" + strconv.Itoa(s.port), Path: "/" + Name, RawQuery: "sslmode=disable",
	}
	return address.String()
}

// Folder returns the folder of the server's data.
func (s *Server) Folder() string { return s.cluster.dir.Path }

// Remove stops the server, and deletes its data if they are in a temporary folder.
func (s *Server) Remove() error {
	err := s.Stop()
	if s.temporary {
		err = errors.Join(err, datadir.RemoveServerDir(s.Folder()))
	}
	return err
}

// Restart starts the server again after Stop or Kill, with the same port and data, and returns when it
// accepts connections.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	deadline := time.Now().Add(retryTimeout)
	for {
		if err := reclaim(ctx, s.cluster.data()); err != nil {
			return err
		}
		inUse, err := s.startOnce(ctx)
		if err == nil || !inUse || time.Now().After(deadline) {
			return err
		}
	}
}

// startOnce starts the server. When that fails, inUse reports whether the shared memory of an earlier
// server was the reason.
func (s *Server) startOnce(ctx context.Context) (inUse bool, err error) {
	output := process.NewTail(s.log)
	args := []string{filepath.Join(s.cluster.programs, "postgres"), "-D", s.cluster.data(), "-p", strconv.Itoa(s.port)}
	for _, name := range slices.Sorted(maps.Keys(s.params)) {
		args = append(args, "-c", name+"="+s.params[name])
	}
	child, err := s.StartNext(process.Command{
		Args: args, Dir: s.cluster.dir.Path, Stdout: output, Credential: s.cluster.dir.Credential,
		StopSignal: syscall.SIGINT, LostSignal: syscall.SIGINT, Grace: stopTimeout, // SIGINT is the fast shutdown
	})
	if err != nil {
		return false, err
	}
	if err := s.awaitReady(ctx, child); err != nil {
		inUse = strings.Contains(output.String(), "still in use")
		return inUse, errors.Join(fmt.Errorf("starting Postgres: %w: %s", err, output), child.Stop())
	}
	return false, nil
}

func (s *Server) awaitReady(ctx context.Context, child *process.Child) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if file, err := readPidFile(s.cluster.data()); err == nil && file.ready && file.pid == child.Pid() {
			return nil
		}
		select {
		case <-child.Done():
			return fmt.Errorf("it exited: %w", child.Err())
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
