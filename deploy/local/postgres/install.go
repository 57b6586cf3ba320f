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

// Install installs a Postgres server and returns the folder of its programs: the Debian package if
// this is root on Debian, otherwise a download that is kept at the path. It reports its steps to out.
func Install(ctx context.Context, path string, out io.Writer) (folder string, err error) {
	if debian.CanInstall() {
		_, _ = fmt.Fprintln(out, "no Postgres server is installed: installing the Debian package postgresql (half a minute)")
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

// download downloads the programs if they are not yet at the path. The library does that only as part
// of the start of a server, so a server is started on temporary data. For root this start fails, after
// the download.
func download(ctx context.Context, path string, source embeddedpostgres.Config, out io.Writer) (string, error) {
	dir, err := datadir.OpenServerDir(ctx, path)
	if err != nil {
		return "", err
	}
	programs := filepath.Join(dir.Path, "bin")
	if complete(programs) {
		return programs, nil
	}
	_, _ = fmt.Fprintln(out, "no Postgres server is installed: downloading one (about 25 MB) into", dir.Path)
	trial := filepath.Join(dir.Path, "trial")
	defer func() { _ = os.RemoveAll(trial) }()
	port, err := process.Port(ctx, 0)
	if err != nil {
		return "", err
	}
	server := embeddedpostgres.NewDatabase(source.
		BinariesPath(dir.Path).
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
