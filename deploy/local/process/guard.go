package process

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// watch is a shell that signals a process group when this process dies: it reads from a pipe that only this process
// holds, so that the pipe's end without the word of release is the sign of death.
type watch struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

// guard starts a watch over the group.
func guard(group int, lost syscall.Signal) (*watch, error) {
	script := fmt.Sprintf("read -r word || kill -s %d -- -%d", int(lost), group)
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
	return &watch{cmd: cmd, pipe: pipe}, nil
}

// release ends the watch after the group has ended.
func (w *watch) release() {
	_, _ = io.WriteString(w.pipe, "released\n")
	w.lose()
}

// lose closes the pipe, as the death of this process does, and waits for the shell.
func (w *watch) lose() {
	_ = w.pipe.Close()
	_ = w.cmd.Wait()
}
