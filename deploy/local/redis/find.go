package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/longshore-io/longshore/deploy/local/debian"
)

// ErrNotFound means that no Redis server is installed.
var ErrNotFound = errors.New("no Redis server is installed: install one (Debian: apt-get install redis-server), or set REDIS_URL to the address of one")

// Find returns the path of a Redis server, or of the compatible Valkey server. It returns ErrNotFound if
// neither is installed.
func Find() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNotFound
}

// Install installs the Debian package of Redis and returns the server's path. It needs root on Debian,
// and returns ErrNotFound otherwise. It reports its steps to out.
func Install(ctx context.Context, out io.Writer) (string, error) {
	if !debian.CanInstall() {
		return "", ErrNotFound
	}
	_, _ = fmt.Fprintln(out, "no Redis server is installed: installing the Debian package redis-server (seconds)")
	if err := debian.Install(ctx, "redis-server"); err != nil {
		return "", errors.Join(ErrNotFound, err)
	}
	if err := debian.Disable(ctx, "redis-server"); err != nil {
		return "", err
	}
	return Find()
}
