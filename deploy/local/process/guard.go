package process

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// guard is a shell that sends a signal to a process group when this process ends. It reads from a pipe
// whose other end only this process has: if the pipe closes before release writes a line, this process
// has ended.
type guard struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

// startGuard starts a guard of the process group.
func startGuard(group int, lost syscall.Signal) (*guard, error) {
	script := fmt.Sprintf("read -r line || kill -s %d -- -%d", int(lost), group)
	cmd := &exec.Cmd{
		Path: "/bin/sh", Args: []string{"longshore-guard", "-c", script},
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("opening the guard's pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the guard of process %d: %w", group, err)
	}
	return &guard{cmd: cmd, pipe: pipe}, nil
}

// release stops the guard after the process group has ended.
func (g *guard) release() {
	_, _ = io.WriteString(g.pipe, "released\n")
	g.close()
}

// close closes the pipe, as the end of this process does, and waits for the shell.
func (g *guard) close() {
	_ = g.pipe.Close()
	_ = g.cmd.Wait()
}
