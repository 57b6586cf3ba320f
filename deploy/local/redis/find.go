package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/longshore-io/longshore/deploy/local/debian"
)

// ErrNotFound says that this machine has no Redis server.
var ErrNotFound = errors.New("no Redis server on this machine: install one (Debian: apt-get install redis-server), or set REDIS_URL to the address of one")

// Find returns the path of a Redis server, or of a Valkey server, which speaks the same. When there is none it returns
// ErrNotFound.
func Find() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNotFound
}

// Install brings a Redis server to this machine and returns its path. Root on Debian gets the package; for anyone else
// there is nothing to be had, which is ErrNotFound. What is done goes to out.
func Install(ctx context.Context, out io.Writer) (string, error) {
	if !debian.CanInstall() {
		return "", ErrNotFound
	}
	_, _ = fmt.Fprintln(out, "no Redis on this machine: installing Debian's package redis-server (seconds)")
	if err := debian.Install(ctx, "redis-server"); err != nil {
		return "", errors.Join(ErrNotFound, err)
	}
	if err := debian.Disable(ctx, "redis-server"); err != nil {
		return "", err
	}
	return Find()
}
