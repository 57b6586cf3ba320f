package command

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/stack"
)

// workspace contains the folders that a command uses.
type workspace struct {
	root string       // of the repository
	data *datadir.Dir // locked
	bin  string       // for the built programs
}

// inWorkspace locks the part of the data folder while the function runs. Each part has its own lock
// and servers, so that tests can run beside a stack.
func inWorkspace(command, part string, use func(workspace) error) (err error) {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	folder, err := datadir.Locate(root)
	if err != nil {
		return err
	}
	data, err := datadir.Open(filepath.Join(folder, part), command)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	return use(workspace{root: root, data: data, bin: binFolder(root)})
}

func binFolder(root string) string { return filepath.Join(root, ".bin") }

// withServers opens the servers of the profile while the programs are built, calls use, and stops the
// servers.
func (w workspace) withServers(ctx context.Context, profile stack.Profile, log *process.Lines, use func(*stack.Servers) error) (err error) {
	buildCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	built := make(chan error, 1)
	log.Printf("building the services")
	go func() { built <- programs.Build(buildCtx, w.root, w.bin, log) }()
	profile.Folder = w.data.Path
	servers, err := stack.OpenServers(ctx, profile, log)
	if err != nil {
		cancel()
		<-built //nolint:errcheck // the build was cancelled; err is the cause
		return err
	}
	defer func() { err = errors.Join(err, servers.Close()) }()
	if err := <-built; err != nil {
		return err
	}
	return use(servers)
}

// build builds all programs.
func build(ctx context.Context, out io.Writer) error {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	return programs.Build(ctx, root, binFolder(root), out)
}
