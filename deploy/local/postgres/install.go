package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/debian"
	"github.com/longshore-io/longshore/deploy/local/process"
)

// Install brings a Postgres server to this machine and returns the folder of its programs. Root on Debian gets the
// package; anyone else gets a download, which is kept at the path. What is done goes to out, one line at least.
func Install(ctx context.Context, path string, out io.Writer) (folder string, err error) {
	if debian.CanInstall() {
		_, _ = fmt.Fprintln(out, "no Postgres on this machine: installing Debian's package postgresql (half a minute)")
		if err := debian.Install(ctx, "postgresql"); err != nil {
			return "", errors.Join(ErrNotFound, err)
		}
		found, err := Find()
		if err != nil {
			return "", err
		}
		return found[0], nil
	}
	folder, err = download(ctx, path, embeddedpostgres.DefaultConfig(), out)
	if err != nil {
		return "", errors.Join(ErrNotFound, err)
	}
	return folder, nil
}

// download fetches the programs once. The library can only start a whole server, so that is what it does, on data that
// are thrown away; when root asks, the start fails and the programs are there all the same.
func download(ctx context.Context, path string, source embeddedpostgres.Config, out io.Writer) (string, error) {
	place, err := datadir.OpenServerDir(ctx, path)
	if err != nil {
		return "", err
	}
	programs := filepath.Join(place.Path, "bin")
	if complete(programs) {
		return programs, nil
	}
	_, _ = fmt.Fprintln(out, "no Postgres on this machine: downloading one (about 25 MB), which is kept in", place.Path)
	trial := filepath.Join(place.Path, "trial")
	defer func() { _ = os.RemoveAll(trial) }()
	port, err := process.Port(ctx, 0)
	if err != nil {
		return "", err
	}
	server := embeddedpostgres.NewDatabase(source.
		BinariesPath(place.Path).
		CachePath(filepath.Join(trial, "download")).
		RuntimePath(filepath.Join(trial, "runtime")).
		DataPath(filepath.Join(trial, "data")).
		Port(uint32(port)). //nolint:gosec // G115: a port has 16 bits
		Logger(io.Discard))
	startErr := server.Start()
	if startErr == nil {
		startErr = server.Stop()
	}
	if !complete(programs) {
		return "", fmt.Errorf("downloading Postgres: %w", startErr)
	}
	return programs, nil
}
