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
	// pollInterval is the time between two reads of the pid file while the server starts or stops.
	pollInterval = 20 * time.Millisecond
	// reclaimTimeout is the maximum time of the shutdown of a server that a killed launcher has left.
	reclaimTimeout = 30 * time.Second
	// readyLine is the line of postmaster.pid with the state, counted from 0 (utils/pidfile.h).
	readyLine = 7
)

// pidFile is the content of postmaster.pid.
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

// reclaim prepares the data folder for a new server. It stops a server that a killed launcher has left,
// and deletes a stale pid file, because Postgres assumes that any process with the id in it is a server.
func reclaim(ctx context.Context, data string) error {
	file, err := readPidFile(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !servesData(ctx, file.pid, data) {
		return removePidFile(data)
	}
	if err := syscall.Kill(file.pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping the server that still runs on %s: %w", data, err)
	}
	ctx, cancel := context.WithTimeout(ctx, reclaimTimeout)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for servesData(ctx, file.pid, data) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server that still runs on %s (process %d) to stop: %w", data, file.pid, ctx.Err())
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

// servesData reports whether the process is a server that uses the data folder. The working folder of a
// server is its data folder, which Linux shows in /proc; on other systems its command line contains it.
func servesData(ctx context.Context, pid int, data string) bool {
	if folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil {
		return folder == data
	}
	output, err := exec.CommandContext(ctx, "ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(output), data)
}
