package process_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// parentVariable makes this test binary start a child, print its process id, and wait to be killed.
const parentVariable = "PROCESS_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) == "" {
		os.Exit(m.Run())
	}
	child, err := process.Start(process.Command{Args: []string{"sleep", "600"}})
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString(strconv.Itoa(child.Pid()) + "\n")
	<-child.Done()
}

// sh starts a shell script, and returns when it prints "ready".
func sh(t *testing.T, script string, change func(*process.Command)) *process.Child {
	t.Helper()
	reader, writer := io.Pipe()
	command := process.Command{Args: []string{"sh", "-c", script}, Stdout: writer}
	if change != nil {
		change(&command)
	}
	child, err := process.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Kill() })
	if line, err := bufio.NewReader(reader).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("output of the child = %q, %v, want ready", line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	return child
}

func TestChildEndsWithItsParent(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), parentVariable+"=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if !running(pid) {
		t.Fatal("the child does not run before its parent is killed")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	eventually(t, func() bool { return !running(pid) }, "the child outlived its parent")
}

// running reports whether the process exists and is not a zombie.
func running(pid int) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output() //nolint:noctx // ps exits immediately
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(state)), "Z")
}

func eventually(t *testing.T, condition func() bool, message string) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !condition() {
		select {
		case <-ctx.Done():
			t.Fatal(message)
		case <-ticker.C:
		}
	}
}

func TestChildStop(t *testing.T) {
	t.Parallel()
	t.Run("gracefully", func(t *testing.T) {
		t.Parallel()
		child := sh(t, `trap 'exit 7' TERM; echo ready; while :; do sleep 0.05 || exit; done`, nil)
		if err := child.Stop(); err != nil {
			t.Errorf("Stop() = %v, want no error", err)
		}
		var exit *exec.ExitError
		if !errors.As(child.Err(), &exit) || exit.ExitCode() != 7 {
			t.Errorf("Err() = %v, want exit status 7", child.Err())
		}
	})
	t.Run("with another signal", func(t *testing.T) {
		t.Parallel()
		child := sh(t, `trap '' TERM; trap 'exit 0' INT; echo ready; while :; do sleep 0.05 || exit; done`,
			func(c *process.Command) { c.StopSignal = syscall.SIGINT })
		if err := child.Stop(); err != nil {
			t.Errorf("Stop() = %v, want no error", err)
		}
	})
	t.Run("by force after the grace period", func(t *testing.T) {
		t.Parallel()
		child := sh(t, `trap '' TERM; echo ready; while :; do sleep 0.05 || exit; done`,
			func(c *process.Command) { c.Grace = 100 * time.Millisecond })
		if err := child.Stop(); err == nil {
			t.Error("Stop() = nil, want an error")
		}
		if running(child.Pid()) {
			t.Error("the child still runs after Stop()")
		}
	})
	t.Run("a child that has ended", func(t *testing.T) {
		t.Parallel()
		child := sh(t, `echo ready`, nil)
		<-child.Done()
		if err := child.Stop(); err != nil {
			t.Errorf("Stop() = %v, want no error", err)
		}
	})
}

func TestChildKillEndsGrandchildren(t *testing.T) {
	t.Parallel()
	reader, writer := io.Pipe()
	child, err := process.Start(process.Command{Args: []string{"sh", "-c", "sleep 600 & echo $!; wait"}, Stdout: writer})
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	grandchild, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return !running(grandchild) }, "the grandchild outlived its group")
}

func TestRunReturnsExitStatus(t *testing.T) {
	t.Parallel()
	var exit *exec.ExitError
	err := process.Run(t.Context(), process.Command{Args: []string{"sh", "-c", "exit 3"}})
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("Run() = %v, want exit status 3", err)
	}
}

func TestRunStopsWhenContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	result := make(chan error, 1)
	go func() {
		result <- process.Run(ctx, process.Command{Args: []string{"sh", "-c", "echo ready; exec sleep 600"}, Stdout: writer})
	}()
	if _, err := bufio.NewReader(reader).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want context.Canceled", err)
	}
}
