//go:build unix && !linux

package process

import (
	"os/exec"
	"syscall"
)

// startTied starts the command with a guard beside it, because only Linux tells a child of its parent's death.
func startTied(cmd *exec.Cmd, lost syscall.Signal) (release func(), err error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	watch, err := guard(cmd.Process.Pid, lost)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	return watch.release, nil
}
