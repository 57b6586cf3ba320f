// Package datadir manages the data folder of the local stack, LONGSHORE_HOME. One launcher uses it at
// a time. Each server has a folder in it that the server's account can read and write.
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

// Variable is the environment variable that contains the path of the data folder.
const Variable = "LONGSHORE_HOME"

// Locate returns the absolute path of the data folder: the value of Variable, or else .dev in the
// repository at root.
func Locate(root string) (string, error) {
	path := os.Getenv(Variable)
	if path == "" {
		path = filepath.Join(root, ".dev")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("resolving %s: %w", Variable, err)
	}
	return absolute, nil
}

// Dir is a data folder that this process has locked.
type Dir struct {
	Path string
	lock *os.File
}

// LockedError is returned by Open when another launcher uses the folder. Owner describes it.
type LockedError struct{ Path, Owner string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is in use by %s: stop that first, or set %s to another folder", e.Path, e.Owner, Variable)
}

// Open creates the folder if necessary, and locks it until Close or the end of this process. The
// command, such as "make run", appears in the LockedError of another launcher.
func Open(path, command string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o755); err != nil { //nolint:gosec // G301: the servers' accounts must be able to enter it
		return nil, fmt.Errorf("creating %s: %w", path, err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock file of %s: %w", path, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			owner, _ := os.ReadFile(lock.Name())
			return nil, &LockedError{Path: path, Owner: strings.TrimSpace(string(owner))}
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	d := &Dir{Path: path, lock: lock}
	if err := d.writeOwner(command); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Dir) writeOwner(command string) error {
	if err := d.lock.Truncate(0); err != nil {
		return fmt.Errorf("writing the lock file of %s: %w", d.Path, err)
	}
	_, err := fmt.Fprintf(d.lock, "%s (process %d, since %s)\n", command, os.Getpid(), time.Now().Format(time.DateTime))
	if err != nil {
		return fmt.Errorf("writing the lock file of %s: %w", d.Path, err)
	}
	return nil
}

// Close unlocks the folder. It unlocks explicitly, because a child that is being started at this moment
// has a copy of the lock file's descriptor, which would keep the lock until the child has executed its
// program.
func (d *Dir) Close() error {
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_UN); err != nil {
		return errors.Join(fmt.Errorf("unlocking %s: %w", d.Path, err), d.lock.Close())
	}
	return d.lock.Close()
}
