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

// fallback is where root puts the folder of a server whose account cannot enter the data folder.
const fallback = "/var/lib/longshore"

// ServerDir is a folder for the data of one server, and the account of the server: nil means the
// account of this process.
type ServerDir struct {
	Path       string
	Credential *syscall.Credential
}

// OpenServerDir returns the server folder at the path, and creates it if necessary. For root the
// folder belongs to an unprivileged account; if that account cannot enter the path (a clone under
// /root, say), the folder is created in /var/lib/longshore, and the path becomes a link to it.
func OpenServerDir(ctx context.Context, path string) (ServerDir, error) {
	folder, err := filepath.EvalSymlinks(path)
	switch {
	case err == nil:
		return openExisting(ctx, folder)
	case !errors.Is(err, fs.ErrNotExist):
		return ServerDir{}, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // a link without target
		return ServerDir{}, fmt.Errorf("removing the broken link %s: %w", path, err)
	}
	return create(ctx, path)
}

// TempServerDir creates a server folder among the system's temporary files.
func TempServerDir(ctx context.Context, name string) (ServerDir, error) {
	folder, err := os.MkdirTemp("", "longshore-"+name+"-")
	if err != nil {
		return ServerDir{}, fmt.Errorf("creating a temporary folder: %w", err)
	}
	dir := ServerDir{Path: folder, Credential: serverAccount()}
	if err := chown(dir); err != nil {
		return ServerDir{}, err
	}
	if canEnter(ctx, dir) {
		return dir, nil
	}
	if err := os.Remove(folder); err != nil {
		return ServerDir{}, fmt.Errorf("removing %s: %w", folder, err)
	}
	return createFallback(ctx, name)
}

// RemoveServerDir deletes the server folder at the path with its contents. A missing folder is no error.
func RemoveServerDir(path string) error {
	folder, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	for _, name := range []string{folder, path} {
		if err := os.RemoveAll(name); err != nil {
			return fmt.Errorf("removing %s: %w", name, err)
		}
	}
	return nil
}

func openExisting(ctx context.Context, folder string) (ServerDir, error) {
	credential, err := ownerOf(folder)
	if err != nil {
		return ServerDir{}, fmt.Errorf("reading %s: %w", folder, err)
	}
	dir := ServerDir{Path: folder, Credential: credential}
	if !canEnter(ctx, dir) {
		return ServerDir{}, fmt.Errorf("user %d, who owns %s, cannot enter it: allow that with chmod o+x on the folders above it, or set %s to another folder",
			credential.Uid, folder, Variable)
	}
	return dir, nil
}

func create(ctx context.Context, path string) (ServerDir, error) {
	if err := os.Mkdir(path, 0o700); err != nil {
		return ServerDir{}, fmt.Errorf("creating %s: %w", path, err)
	}
	dir := ServerDir{Path: path, Credential: serverAccount()}
	if err := chown(dir); err != nil {
		return ServerDir{}, err
	}
	if canEnter(ctx, dir) {
		return dir, nil
	}
	if err := os.Remove(path); err != nil {
		return ServerDir{}, fmt.Errorf("removing %s: %w", path, err)
	}
	dir, err := createFallback(ctx, filepath.Base(path))
	if err != nil {
		return ServerDir{}, err
	}
	if err := os.Symlink(dir.Path, path); err != nil {
		return ServerDir{}, fmt.Errorf("linking %s: %w", path, err)
	}
	return dir, nil
}

func createFallback(ctx context.Context, name string) (ServerDir, error) {
	if err := os.MkdirAll(fallback, 0o755); err != nil { //nolint:gosec // G301: the servers' accounts must be able to enter it
		return ServerDir{}, fmt.Errorf("creating %s: %w", fallback, err)
	}
	folder, err := os.MkdirTemp(fallback, name+"-")
	if err != nil {
		return ServerDir{}, fmt.Errorf("creating a folder in %s: %w", fallback, err)
	}
	dir := ServerDir{Path: folder, Credential: serverAccount()}
	if err := chown(dir); err != nil {
		return ServerDir{}, err
	}
	if !canEnter(ctx, dir) {
		return ServerDir{}, fmt.Errorf("user %d cannot enter %s: set %s to a folder that every user can enter",
			dir.Credential.Uid, folder, Variable)
	}
	return dir, nil
}

func chown(dir ServerDir) error {
	if dir.Credential == nil {
		return nil
	}
	if err := os.Chown(dir.Path, int(dir.Credential.Uid), int(dir.Credential.Gid)); err != nil {
		return fmt.Errorf("changing the owner of %s to user %d: %w", dir.Path, dir.Credential.Uid, err)
	}
	return nil
}

// canEnter tries to enter the folder as its account, because access control lists and security modules
// add to the permission bits.
func canEnter(ctx context.Context, dir ServerDir) bool {
	if dir.Credential == nil {
		return true
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `cd -- "$1"`, "sh", dir.Path)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: dir.Credential}
	return cmd.Run() == nil
}
