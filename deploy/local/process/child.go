// Package process starts child processes that never outlive the process that started them, stops them gracefully, and
// gives their output a readable form. It runs on Linux and other Unix systems.
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

// DefaultGrace is how long Stop waits for a child. It is longer than the 20 seconds that a service gives the work in hand
// (LONGSHORE_SHUTDOWN_GRACE).
const DefaultGrace = 25 * time.Second

// pipeDelay bounds the wait for the output of a child that is gone, because a grandchild may hold the pipe open.
const pipeDelay = 2 * time.Second

// Command says what to start, and how to end it.
type Command struct {
	Args   []string // the program, a path or a name to be found in PATH, and its arguments
	Env    []string // nil: the environment of this process
	Dir    string   // where it runs; empty: where this process runs
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer // nil: the same as Stdout

	Credential *syscall.Credential // the account it runs under; nil: the account of this process
	StopSignal syscall.Signal      // what Stop sends first; zero: SIGTERM
	LostSignal syscall.Signal      // what the child gets when this process dies without stopping it; zero: SIGKILL
	Grace      time.Duration       // how long Stop waits before SIGKILL; zero: DefaultGrace
}

// Child is a process that was started. It leads a process group of its own, so that a Ctrl-C on the terminal reaches
// only the parent, which stops its children in the order that it wants.
type Child struct {
	command Command
	pid     int
	done    chan struct{}
	err     error
}

// Start starts the command and returns at once.
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

// Run starts the command, waits for its end and returns how it ended: nil, or an error that holds an *exec.ExitError.
// When the context ends first, the command is stopped and the context's error is returned.
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

// Pid is the process id, which is also the id of the child's process group.
func (c *Child) Pid() int { return c.pid }

// Done is closed when the child has ended and all of its output was written.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err tells how the child ended; it is meaningful once Done is closed.
func (c *Child) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Signal sends a signal to the child's process group. A child that has ended already is no error.
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

// Stop asks the child to end, waits for it, and kills it when the grace period is over, which is an error.
func (c *Child) Stop() error {
	if err := c.Signal(c.command.StopSignal); err != nil {
		return err
	}
	late := time.NewTimer(c.command.Grace)
	defer late.Stop()
	select {
	case <-c.done:
		return nil
	case <-late.C:
	}
	if err := c.Kill(); err != nil {
		return err
	}
	return fmt.Errorf("%s did not stop within %v and was killed", c.command.Args[0], c.command.Grace)
}

// Kill ends the child with SIGKILL, as a crash would, and waits until it is gone.
func (c *Child) Kill() error {
	if err := c.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-c.done
	return nil
}
