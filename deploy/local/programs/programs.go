// Package fleet knows the product's programs: where their sources are, how they are built, and how they are started as
// processes of one machine.
package programs

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// Service is a program that runs for ever.
type Service struct {
	Name   string // of the program
	Source string // its package, relative to the repository's root
	Copies int    // how many processes of it the local stack runs
}

// services is the one place to name a new service.
var services = []Service{
	{Name: "api", Source: "./services/api", Copies: 1},
	{Name: "importer", Source: "./services/importer", Copies: 2},
	{Name: "searcher", Source: "./services/searcher", Copies: 1},
	{Name: "reporter", Source: "./services/reporter", Copies: 1},
	{Name: "janitor", Source: "./services/janitor", Copies: 1},
	{Name: "console", Source: "./services/console", Copies: 1},
}

// migrate is the program that brings the database to the newest schema and ends.
const (
	migrate       = "migrate"
	migrateSource = "./migrations/cmd/migrate"
)

// Services lists the services in the order of their start.
func Services() []Service { return services }

// Programs lists every program that is deployed: the services, and the one that migrates and ends.
func Programs() []Service {
	return append([]Service{{Name: migrate, Source: migrateSource}}, services...)
}

// Instances names the processes of a service: "api", or "importer-1" and "importer-2".
func (s Service) Instances() []string {
	if s.Copies == 1 {
		return []string{s.Name}
	}
	names := make([]string, s.Copies)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", s.Name, i+1)
	}
	return names
}

// Build builds all programs of the repository at root into the folder.
func Build(ctx context.Context, root, folder string, out io.Writer) error {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // G301: programs are for everyone
		return fmt.Errorf("creating %s: %w", folder, err)
	}
	args := []string{"go", "build", "-buildvcs=" + stampVersion(ctx, root), "-o", folder + string(filepath.Separator), migrateSource}
	for _, service := range services {
		args = append(args, service.Source)
	}
	if err := process.Run(ctx, process.Command{Args: args, Dir: root, Stdout: out}); err != nil {
		return fmt.Errorf("building the services: %w", err)
	}
	return nil
}

// stampVersion returns the value of -buildvcs: the commit is stamped into programs if git can read the
// tree. It can't in an archive, and in a tree that belongs to another user, where go build would fail.
func stampVersion(ctx context.Context, root string) string {
	git := exec.CommandContext(ctx, "git", "rev-parse", "HEAD")
	git.Dir = root
	return strconv.FormatBool(git.Run() == nil)
}

// Migrate runs the migrations from the folder of programs. The environment holds DATABASE_URL.
func Migrate(ctx context.Context, folder string, env []string, out io.Writer) error {
	command := process.Command{Args: []string{filepath.Join(folder, migrate)}, Env: env, Stdout: out}
	if err := process.Run(ctx, command); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}
