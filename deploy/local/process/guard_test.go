package process

import (
	"os/exec"
	"syscall"
	"testing"
)

// TestGuard tests the guard on all systems, although Linux does not use it.
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
	t.Run("signals when its pipe closes", func(t *testing.T) {
		t.Parallel()
		guarded := start(t)
		g, err := startGuard(guarded.Process.Pid, syscall.SIGKILL)
		if err != nil {
			t.Fatal(err)
		}
		g.close()
		if err := guarded.Wait(); err == nil || guarded.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("end of the process = %v, want SIGKILL", err)
		}
	})
	t.Run("does nothing after release", func(t *testing.T) {
		t.Parallel()
		guarded := start(t)
		g, err := startGuard(guarded.Process.Pid, syscall.SIGKILL)
		if err != nil {
			t.Fatal(err)
		}
		g.release()
		if err := guarded.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = guarded.Wait()
		if got := guarded.ProcessState.Sys().(syscall.WaitStatus).Signal(); got != syscall.SIGTERM {
			t.Errorf("signal of the process = %v, want SIGTERM", got)
		}
	})
}
