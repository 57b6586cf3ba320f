package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// pollInterval is how often the server's pid file is read while it starts or stops.
	pollInterval = 20 * time.Millisecond
	// reclaimWait bounds the fast shutdown of a server that a killed launcher has left.
	reclaimWait = 30 * time.Second
	// readyLine is the line of postmaster.pid that holds the state, as pg_ctl reads it (utils/pidfile.h).
	readyLine = 7
)

// pidFile is what postmaster.pid says.
type pidFile struct {
	pid   int
	ready bool
}

func readPidFile(data string) (pidFile, error) {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return pidFile{}, err
	}
	lines := strings.Split(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return pidFile{}, fmt.Errorf("reading postmaster.pid: %w", err)
	}
	return pidFile{pid: pid, ready: len(lines) > readyLine && strings.TrimSpace(lines[readyLine]) == "ready"}, nil
}

// reclaim makes the data free for a new server: it stops one that still runs on them, left by a launcher that was
// killed, and removes a pid file that names no such server, because Postgres takes any process with that id for one.
func reclaim(ctx context.Context, data string) error {
	left, err := readPidFile(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !servesData(ctx, left.pid, data) {
		return removePidFile(data)
	}
	if err := syscall.Kill(left.pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping the server that still runs on %s: %w", data, err)
	}
	ctx, cancel := context.WithTimeout(ctx, reclaimWait)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for servesData(ctx, left.pid, data) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server that still runs on %s (process %d) to stop: %w", data, left.pid, ctx.Err())
		case <-ticker.C:
		}
	}
	return removePidFile(data)
}

func removePidFile(data string) error {
	if err := os.Remove(filepath.Join(data, "postmaster.pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a stale pid file: %w", err)
	}
	return nil
}

// servesData tells whether the process is a server on these data. A server's working folder is its data folder, which
// Linux shows in /proc; elsewhere its command line names it.
func servesData(ctx context.Context, pid int, data string) bool {
	if folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil {
		return folder == data
	}
	said, err := exec.CommandContext(ctx, "ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(said), data)
}
