package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// reachable is where root puts the data of servers when their account cannot pass the folders above the home.
const reachable = "/var/lib/longshore"

// ServerDir is a folder for the data of one server, and the account that owns it: nil is the account of this process.
type ServerDir struct {
	Path       string
	Credential *syscall.Credential
}

// OpenServerDir returns the place at the path, and makes it if need be. When root asks, the place belongs to an account without
// rights; if that account cannot pass the folders above (a clone under /root, say), the place is made under
// /var/lib/longshore and the path becomes a link to it.
func OpenServerDir(ctx context.Context, path string) (ServerDir, error) {
	folder, err := filepath.EvalSymlinks(path)
	switch {
	case err == nil:
		return existing(ctx, folder)
	case !errors.Is(err, fs.ErrNotExist):
		return ServerDir{}, fmt.Errorf("looking at %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // a link whose target is gone
		return ServerDir{}, fmt.Errorf("removing the dead link %s: %w", path, err)
	}
	return create(ctx, path)
}

// TempServerDir returns a new place of its own in the system's folder for temporary files.
func TempServerDir(ctx context.Context, name string) (ServerDir, error) {
	folder, err := os.MkdirTemp("", "longshore-"+name+"-")
	if err != nil {
		return ServerDir{}, fmt.Errorf("creating a temporary folder: %w", err)
	}
	place := ServerDir{Path: folder, Credential: forServers()}
	if err := own(place); err != nil {
		return ServerDir{}, err
	}
	if canReach(ctx, place) {
		return place, nil
	}
	if err := os.Remove(folder); err != nil {
		return ServerDir{}, fmt.Errorf("removing %s: %w", folder, err)
	}
	return elsewhere(ctx, name)
}

// RemoveServerDir deletes the place at the path with all that is in it.
func RemoveServerDir(path string) error {
	folder, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at %s: %w", path, err)
	}
	for _, name := range []string{folder, path} {
		if err := os.RemoveAll(name); err != nil {
			return fmt.Errorf("removing %s: %w", name, err)
		}
	}
	return nil
}

func existing(ctx context.Context, folder string) (ServerDir, error) {
	credential, err := ownerOf(folder)
	if err != nil {
		return ServerDir{}, fmt.Errorf("looking at %s: %w", folder, err)
	}
	place := ServerDir{Path: folder, Credential: credential}
	if !canReach(ctx, place) {
		return ServerDir{}, fmt.Errorf("user %d, who owns %s, cannot reach it: open the folders above it with chmod o+x, or set %s to another folder",
			credential.Uid, folder, Variable)
	}
	return place, nil
}

func create(ctx context.Context, path string) (ServerDir, error) {
	if err := os.Mkdir(path, 0o700); err != nil {
		return ServerDir{}, fmt.Errorf("creating %s: %w", path, err)
	}
	place := ServerDir{Path: path, Credential: forServers()}
	if err := own(place); err != nil {
		return ServerDir{}, err
	}
	if canReach(ctx, place) {
		return place, nil
	}
	if err := os.Remove(path); err != nil {
		return ServerDir{}, fmt.Errorf("removing %s: %w", path, err)
	}
	place, err := elsewhere(ctx, filepath.Base(path))
	if err != nil {
		return ServerDir{}, err
	}
	if err := os.Symlink(place.Path, path); err != nil {
		return ServerDir{}, fmt.Errorf("linking %s: %w", path, err)
	}
	return place, nil
}

func elsewhere(ctx context.Context, name string) (ServerDir, error) {
	if err := os.MkdirAll(reachable, 0o755); err != nil { //nolint:gosec // G301: the servers' accounts must pass through it
		return ServerDir{}, fmt.Errorf("creating %s: %w", reachable, err)
	}
	folder, err := os.MkdirTemp(reachable, name+"-")
	if err != nil {
		return ServerDir{}, fmt.Errorf("creating a folder in %s: %w", reachable, err)
	}
	place := ServerDir{Path: folder, Credential: forServers()}
	if err := own(place); err != nil {
		return ServerDir{}, err
	}
	if !canReach(ctx, place) {
		return ServerDir{}, fmt.Errorf("user %d cannot reach %s: set %s to a folder that every user can pass to",
			place.Credential.Uid, folder, Variable)
	}
	return place, nil
}

func own(place ServerDir) error {
	if place.Credential == nil {
		return nil
	}
	if err := os.Chown(place.Path, int(place.Credential.Uid), int(place.Credential.Gid)); err != nil {
		return fmt.Errorf("giving %s to user %d: %w", place.Path, place.Credential.Uid, err)
	}
	return nil
}

// canReach tries it, because access lists and security modules know more than the mode bits.
func canReach(ctx context.Context, place ServerDir) bool {
	if place.Credential == nil {
		return true
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `cd -- "$1"`, "sh", place.Path)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: place.Credential}
	return cmd.Run() == nil
}
