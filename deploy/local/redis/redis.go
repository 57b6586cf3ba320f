// Package redis runs a Redis server for development and tests: an installed one, or one inside this
// process. It listens on the loopback address only, and ends with its starter.
package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/process"
)

const (
	// DefaultPort is the default port of Redis.
	DefaultPort = 6379
	// startTimeout is the maximum time of a start, in which the server reads its data.
	startTimeout = time.Minute
	// pingInterval is the time between two checks of a server that starts.
	pingInterval = 20 * time.Millisecond
)

// Options configures a server.
type Options struct {
	Program string    // path of redis-server or valkey-server; empty: that of Find
	Folder  string    // for the data; empty: a temporary folder, which Remove deletes
	Port    int       // used if free, otherwise another one; zero: any free one
	Args    []string  // additional arguments, such as Durable()
	Log     io.Writer // for the server's log; nil discards it
}

// Durable returns Options.Args with which the data survive a restart of the server.
func Durable() []string { return []string{"--appendonly", "yes"} }

// Server is a started server. Stop shuts it down, Kill ends it with SIGKILL; after either, Restart
// starts it again.
type Server struct {
	process.Slot

	command   process.Command
	dir       datadir.ServerDir
	port      int
	log       io.Writer
	temporary bool
}

// Start starts a server and returns when it answers. The server rejects writes when its memory is
// full, as the queue requires, and writes no snapshots.
func Start(ctx context.Context, o Options) (*Server, error) {
	program, err := programOr(o.Program)
	if err != nil {
		return nil, err
	}
	dir, err := openDir(ctx, o.Folder)
	if err != nil {
		return nil, err
	}
	port, err := process.Port(ctx, o.Port)
	if err != nil {
		return nil, err
	}
	args := []string{
		program, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir.Path,
		"--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no",
	}
	s := &Server{
		command:   process.Command{Args: append(args, o.Args...), Dir: dir.Path, Credential: dir.Credential},
		dir:       dir,
		port:      port,
		log:       o.Log,
		temporary: o.Folder == "",
	}
	if err := s.Restart(ctx); err != nil {
		if s.temporary {
			err = errors.Join(err, datadir.RemoveServerDir(dir.Path))
		}
		return nil, err
	}
	return s, nil
}

func programOr(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	return Find()
}

func openDir(ctx context.Context, folder string) (datadir.ServerDir, error) {
	if folder == "" {
		return datadir.TempServerDir(ctx, "redis")
	}
	return datadir.OpenServerDir(ctx, folder)
}

// Port returns the port of the server, which stays the same until Remove.
func (s *Server) Port() int { return s.port }

// URL returns the address of database 0.
func (s *Server) URL() string { return "redis://" + s.address() + "/0" }

func (s *Server) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Folder returns the folder of the server's data.
func (s *Server) Folder() string { return s.dir.Path }

// Remove stops the server, and deletes its data if they are in a temporary folder.
func (s *Server) Remove() error {
	err := s.Stop()
	if s.temporary {
		err = errors.Join(err, datadir.RemoveServerDir(s.Folder()))
	}
	return err
}

// Restart starts the server again after Stop or Kill, with the same port and data, and returns when it
// answers.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	output := process.NewTail(s.log)
	command := s.command
	command.Stdout = output
	child, err := s.StartNext(command)
	if err != nil {
		return err
	}
	if err := s.awaitReady(ctx, child); err != nil {
		return errors.Join(fmt.Errorf("starting Redis: %w: %s", err, output), child.Stop())
	}
	return nil
}

func (s *Server) awaitReady(ctx context.Context, child *process.Child) error {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-child.Done():
			return fmt.Errorf("it exited: %w", child.Err())
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if ping(ctx, s.address()) == nil {
			return nil
		}
	}
}

// ping returns nil if the server is ready. While it reads its data, it answers -LOADING. A server that
// requires a login answers -NOAUTH when it is ready.
func ping(ctx context.Context, address string) (err error) {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	reply, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(reply, "+PONG") && !strings.HasPrefix(reply, "-NOAUTH") {
		return fmt.Errorf("pinging Redis: reply = %q, want +PONG", strings.TrimSpace(reply))
	}
	return nil
}
