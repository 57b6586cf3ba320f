package process

import (
	"os/exec"
	"syscall"
	"testing"
)

// The guard serves the systems whose kernel tells nobody of a parent's death; its shell runs everywhere.
func TestGuard(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) *exec.Cmd {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sleep", "600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	t.Run("signals when its parent is lost", func(t *testing.T) {
		t.Parallel()
		guarded := start(t)
		g, err := guard(guarded.Process.Pid, syscall.SIGKILL)
		if err != nil {
			t.Fatal(err)
		}
		g.lose()
		if err := guarded.Wait(); err == nil || guarded.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("the process ended with %v", err)
		}
	})
	t.Run("does nothing when it is released", func(t *testing.T) {
		t.Parallel()
		guarded := start(t)
		g, err := guard(guarded.Process.Pid, syscall.SIGKILL)
		if err != nil {
			t.Fatal(err)
		}
		g.release()
		if err := guarded.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = guarded.Wait()
		if got := guarded.ProcessState.Sys().(syscall.WaitStatus).Signal(); got != syscall.SIGTERM {
			t.Errorf("the process ended by %v", got)
		}
	})
}
