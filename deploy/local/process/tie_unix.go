//go:build unix && !linux

package process

import (
	"os/exec"
	"syscall"
)

// startTied starts the command and a guard for it, because only Linux can signal a child when its parent
// ends.
func startTied(cmd *exec.Cmd, lost syscall.Signal) (release func(), err error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	started, err := startGuard(cmd.Process.Pid, lost)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	return started.release, nil
}
