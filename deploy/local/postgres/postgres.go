// Package postgres runs a Postgres server of its own for development and tests: found on the machine or brought to it,
// on the loopback address only, under an account without rights when root starts it, and gone when its starter is.
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
	// DefaultPort is Postgres's own.
	DefaultPort = 5432
	// startWait bounds a start, in which the server may have to replay what a crash left (4 GB of log at most).
	startWait = 2 * time.Minute
	// stopWait bounds a fast shutdown, which writes the buffers.
	stopWait = 30 * time.Second
	// retryWait bounds the wait for the sessions of a killed server, which hold its shared memory until they notice.
	retryWait = 15 * time.Second
)

// Options says which server to start.
type Options struct {
	Programs []string          // folders with initdb and postgres, the best first; nil: what Find returns
	Folder   string            // where the data are kept; empty: a temporary folder, deleted by Remove
	Port     int               // zero: a free one
	Params   map[string]string // settings that are added to, and win over, the stack's own
	Log      io.Writer         // gets the server's log; nil discards it
}

// params are the stack's settings. Durability stays at Postgres's safe defaults.
func params() map[string]string {
	return map[string]string{
		"listen_addresses":        "127.0.0.1",
		"unix_socket_directories": "", // none: their paths must be short and writable for the account
		"max_connections":         "200",
		"shared_buffers":          "256MB",
		"max_wal_size":            "4GB",
	}
}

// Server is a server that was started. Stop ends it gracefully: sessions are cut, the data are written. Kill ends it as a
// crash would. After either, Restart starts it again.
type Server struct {
	process.Slot

	cluster   *cluster
	port      int
	params    map[string]string
	log       io.Writer
	temporary bool
}

// Start starts a server and returns when it takes connections. A cluster is made where there is none yet.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{params: params(), log: o.Log, temporary: o.Folder == ""}
	maps.Copy(s.params, o.Params)
	programs, err := programsOr(o.Programs)
	if err != nil {
		return nil, err
	}
	place, err := placeFor(ctx, o.Folder)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx, place, programs, o.Port); err != nil {
		if s.temporary {
			err = errors.Join(err, datadir.RemoveServerDir(place.Path))
		}
		return nil, err
	}
	return s, nil
}

func (s *Server) open(ctx context.Context, place datadir.ServerDir, programs []string, port int) (err error) {
	if s.cluster, err = openCluster(ctx, place, programs, s.temporary || s.params["fsync"] == "off"); err != nil {
		return err
	}
	if err = reclaim(ctx, s.cluster.data()); err != nil { // before the port is chosen, which the old server may use
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

func placeFor(ctx context.Context, folder string) (datadir.ServerDir, error) {
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

// Folder is where the server's data are.
func (s *Server) Folder() string { return s.cluster.place.Path }

// Remove stops the server, and deletes its data if their folder is a temporary one.
func (s *Server) Remove() error {
	err := s.Stop()
	if s.temporary {
		err = errors.Join(err, datadir.RemoveServerDir(s.Folder()))
	}
	return err
}

// Restart starts the server again after Stop or Kill, on the same port and data, and returns when it takes connections.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	retry := time.Now().Add(retryWait)
	for {
		if err := reclaim(ctx, s.cluster.data()); err != nil {
			return err
		}
		held, err := s.startOnce(ctx)
		if err == nil || !held || time.Now().After(retry) {
			return err
		}
	}
}

// startOnce tries to start the server. When it fails, held tells whether what an earlier server left was the reason.
func (s *Server) startOnce(ctx context.Context) (held bool, err error) {
	said := process.NewTail(s.log)
	args := []string{filepath.Join(s.cluster.programs, "postgres"), "-D", s.cluster.data(), "-p", strconv.Itoa(s.port)}
	for _, name := range slices.Sorted(maps.Keys(s.params)) {
		args = append(args, "-c", name+"="+s.params[name])
	}
	child, err := s.StartNext(process.Command{
		Args: args, Dir: s.cluster.place.Path, Stdout: said, Credential: s.cluster.place.Credential,
		StopSignal: syscall.SIGINT, LostSignal: syscall.SIGINT, Grace: stopWait, // SIGINT is the fast shutdown
	})
	if err != nil {
		return false, err
	}
	if err := s.awaitReady(ctx, child); err != nil {
		held = strings.Contains(said.String(), "still in use")
		return held, errors.Join(fmt.Errorf("starting Postgres: %w: %s", err, said), child.Stop())
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
			return fmt.Errorf("it ended at once: %w", child.Err())
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
