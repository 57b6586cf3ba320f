package command

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/process"
	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/stack"
)

// workshop is where a command works: the repository, the folder that it holds, and where the programs are built to.
type workshop struct {
	root     string
	home     *datadir.Dir
	programs string
}

// inWorkshop takes hold of the part of LONGSHORE_HOME while the function runs. The parts are apart from each other, so
// that tests can run beside a stack.
func inWorkshop(purpose, part string, work func(workshop) error) (err error) {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	folder, err := datadir.Locate(root)
	if err != nil {
		return err
	}
	held, err := datadir.Open(filepath.Join(folder, part), purpose)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	return work(workshop{root: root, home: held, programs: filepath.Join(root, ".bin")})
}

// withServers opens the servers that the profile asks for and builds the programs, and closes the servers after the
// function.
func (w workshop) withServers(ctx context.Context, profile stack.Profile, say *process.Lines, use func(*stack.Servers) error) (err error) {
	profile.Folder = w.home.Path
	servers, err := stack.OpenServers(ctx, profile, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.Close()) }()
	say.Printf("building the services")
	if err := programs.Build(ctx, w.root, w.programs, say); err != nil {
		return err
	}
	return use(servers)
}
