// Package home keeps the folder of the local stack, LONGSHORE_HOME: one launcher uses it at a time, and each server has
// a folder in it that its account can reach.
package datadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Variable names the environment variable that says where the folder is.
const Variable = "LONGSHORE_HOME"

// Locate returns the folder's absolute path: what the environment says, else .dev in the repository's root.
func Locate(root string) (string, error) {
	folder := os.Getenv(Variable)
	if folder == "" {
		folder = filepath.Join(root, ".dev")
	}
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("resolving %s: %w", Variable, err)
	}
	return absolute, nil
}

// Dir is a folder that this process holds.
type Dir struct {
	Path string
	lock *os.File
}

// LockedError tells who holds a home that was to be opened.
type LockedError struct{ Path, Owner string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is in use by %s: stop that first, or set %s to another folder", e.Path, e.Owner, Variable)
}

// Open makes the folder if need be and takes hold of it until Close or the end of this process. The purpose is what a
// second launcher is told about this one, such as "make run".
func Open(folder, purpose string) (*Dir, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // G301: the servers' accounts must pass through it
		return nil, fmt.Errorf("creating %s: %w", folder, err)
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of %s: %w", folder, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			holder, _ := os.ReadFile(lock.Name())
			return nil, &LockedError{Path: folder, Owner: strings.TrimSpace(string(holder))}
		}
		return nil, fmt.Errorf("locking %s: %w", folder, err)
	}
	h := &Dir{Path: folder, lock: lock}
	if err := h.sign(purpose); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

func (h *Dir) sign(purpose string) error {
	if err := h.lock.Truncate(0); err != nil {
		return fmt.Errorf("writing the lock of %s: %w", h.Path, err)
	}
	_, err := fmt.Fprintf(h.lock, "%s (process %d, since %s)\n", purpose, os.Getpid(), time.Now().Format(time.DateTime))
	if err != nil {
		return fmt.Errorf("writing the lock of %s: %w", h.Path, err)
	}
	return nil
}

// Close lets the folder go.
func (h *Dir) Close() error { return h.lock.Close() }
