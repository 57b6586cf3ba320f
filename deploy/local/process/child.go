// Package process starts child processes that never outlive this process, stops them gracefully, and
// prefixes their output with their names. It supports Linux and other Unix systems.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// DefaultGrace is how long Stop waits for a child by default: longer than the services' own shutdown
// timeout of 20 s (LONGSHORE_SHUTDOWN_GRACE).
const DefaultGrace = 25 * time.Second

// pipeDelay is how long to wait for the rest of the output after a child has ended, because a grandchild
// may keep the pipe open.
const pipeDelay = 2 * time.Second

// Command describes a process, and how to stop it.
type Command struct {
	Args   []string // the program (a path, or a name in PATH) and its arguments
	Env    []string // nil: the environment of this process
	Dir    string   // working folder; empty: that of this process
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer // nil: the same as Stdout

	Credential *syscall.Credential // its account; nil: the account of this process
	StopSignal syscall.Signal      // sent by Stop; zero: SIGTERM
	LostSignal syscall.Signal      // sent to the child when this process ends without stopping it; zero: SIGKILL
	Grace      time.Duration       // how long Stop waits before SIGKILL; zero: DefaultGrace
}

// Child is a started process. It leads its own process group, so that Ctrl-C in the terminal reaches
// only the parent, which stops its children in its own order.
type Child struct {
	command Command
	pid     int
	done    chan struct{}
	err     error
}

// Start starts the command without waiting for its end.
func Start(command Command) (*Child, error) {
	path, err := exec.LookPath(command.Args[0])
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", command.Args[0], err)
	}
	setDefaults(&command)
	cmd := &exec.Cmd{
		Path: path, Args: command.Args, Env: command.Env, Dir: command.Dir,
		Stdin: command.Stdin, Stdout: command.Stdout, Stderr: command.Stderr,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Credential: command.Credential},
		WaitDelay:   pipeDelay,
	}
	release, err := startTied(cmd, command.LostSignal)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", command.Args[0], err)
	}
	child := &Child{command: command, pid: cmd.Process.Pid, done: make(chan struct{})}
	go func() {
		child.err = cmd.Wait()
		release()
		flush(command.Stdout, command.Stderr)
		close(child.done)
	}()
	return child, nil
}

func setDefaults(command *Command) {
	if command.Stderr == nil {
		command.Stderr = command.Stdout
	}
	if command.StopSignal == 0 {
		command.StopSignal = syscall.SIGTERM
	}
	if command.LostSignal == 0 {
		command.LostSignal = syscall.SIGKILL
	}
	if command.Grace == 0 {
		command.Grace = DefaultGrace
	}
}

func flush(writers ...io.Writer) {
	for _, w := range writers {
		if lines, ok := w.(*Lines); ok {
			lines.Flush()
		}
	}
}

// Run starts the command and waits for its end. It returns an error that wraps an *exec.ExitError if
// the command fails. If the context ends first, Run stops the command and returns the context's error.
func Run(ctx context.Context, command Command) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	child, err := Start(command)
	if err != nil {
		return err
	}
	select {
	case <-child.Done():
		return child.Err()
	case <-ctx.Done():
		return errors.Join(ctx.Err(), child.Stop())
	}
}

// Pid returns the process id, which is also the id of the child's process group.
func (c *Child) Pid() int { return c.pid }

// Done returns a channel that is closed when the child has ended and all its output is written.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err returns how the child ended, once Done is closed: nil or an error that wraps an *exec.ExitError.
func (c *Child) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Signal sends a signal to the child's process group. A child that has ended is no error.
func (c *Child) Signal(signal syscall.Signal) error {
	select {
	case <-c.done:
		return nil
	default:
	}
	if err := syscall.Kill(-c.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("sending %v to process %d: %w", signal, c.pid, err)
	}
	return nil
}

// Stop sends the stop signal and waits for the end of the child. After the grace period it kills the
// child and returns an error.
func (c *Child) Stop() error {
	if err := c.Signal(c.command.StopSignal); err != nil {
		return err
	}
	timeout := time.NewTimer(c.command.Grace)
	defer timeout.Stop()
	select {
	case <-c.done:
		return nil
	case <-timeout.C:
	}
	if err := c.Kill(); err != nil {
		return err
	}
	return fmt.Errorf("%s did not stop within %v and was killed", c.command.Args[0], c.command.Grace)
}

// Kill ends the child with SIGKILL and waits for its end.
func (c *Child) Kill() error {
	if err := c.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-c.done
	return nil
}
