// Package redis runs a Redis server of its own for development and tests: a real one that is found on the machine, or
// one inside this process. It listens on the loopback address only, and is gone when its starter is.
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
	// DefaultPort is Redis's own.
	DefaultPort = 6379
	// startWait bounds a start, in which the server reads its data.
	startWait = time.Minute
	// pingInterval is how often a server that starts is asked whether it is ready.
	pingInterval = 20 * time.Millisecond
)

// Options says which server to start.
type Options struct {
	Program string    // path of redis-server or valkey-server; empty: what Find returns
	Folder  string    // where the data are kept; empty: a temporary folder, deleted by Remove
	Port    int       // zero: a free one
	Args    []string  // further arguments, such as Durable()
	Log     io.Writer // gets the server's log; nil discards it
}

// Durable is for Options.Args: the data survive a restart of the server.
func Durable() []string { return []string{"--appendonly", "yes"} }

// Server is a server that was started. Stop ends it gracefully, Kill as a crash would; after either, Restart starts it
// again.
type Server struct {
	process.Slot

	command   process.Command
	place     datadir.ServerDir
	port      int
	log       io.Writer
	temporary bool
}

// Start starts a server and returns when it answers. It refuses new data when memory ends, as the queue needs it, and
// writes no snapshots.
func Start(ctx context.Context, o Options) (*Server, error) {
	program, err := programOr(o.Program)
	if err != nil {
		return nil, err
	}
	place, err := placeFor(ctx, o.Folder)
	if err != nil {
		return nil, err
	}
	port, err := process.Port(ctx, o.Port)
	if err != nil {
		return nil, err
	}
	args := []string{
		program, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", place.Path,
		"--save", "", "--maxmemory-policy", "noeviction", "--daemonize", "no",
	}
	s := &Server{
		command:   process.Command{Args: append(args, o.Args...), Dir: place.Path, Credential: place.Credential},
		place:     place,
		port:      port,
		log:       o.Log,
		temporary: o.Folder == "",
	}
	if err := s.Restart(ctx); err != nil {
		if s.temporary {
			err = errors.Join(err, datadir.RemoveServerDir(place.Path))
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

func placeFor(ctx context.Context, folder string) (datadir.ServerDir, error) {
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

// Folder is where the server's data are.
func (s *Server) Folder() string { return s.place.Path }

// Remove stops the server, and deletes its data if their folder is a temporary one.
func (s *Server) Remove() error {
	err := s.Stop()
	if s.temporary {
		err = errors.Join(err, datadir.RemoveServerDir(s.Folder()))
	}
	return err
}

// Restart starts the server again after Stop or Kill, on the same port and data, and returns when it answers.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	said := process.NewTail(s.log)
	command := s.command
	command.Stdout = said
	child, err := s.StartNext(command)
	if err != nil {
		return err
	}
	if err := s.awaitReady(ctx, child); err != nil {
		return errors.Join(fmt.Errorf("starting Redis: %w: %s", err, said), child.Stop())
	}
	return nil
}

func (s *Server) awaitReady(ctx context.Context, child *process.Child) error {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-child.Done():
			return fmt.Errorf("it ended at once: %w", child.Err())
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if ping(ctx, s.address()) == nil {
			return nil
		}
	}
}

// ping asks the server whether it is ready: while it reads its data it answers an error (-LOADING).
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
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if strings.TrimSpace(answer) != "+PONG" {
		return fmt.Errorf("pinging Redis: it answered %q", strings.TrimSpace(answer))
	}
	return nil
}
