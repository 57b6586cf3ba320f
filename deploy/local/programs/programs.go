// Package programs builds Longshore's programs from source and starts them as processes of this
// machine.
package programs

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// Service is a program of the product.
type Service struct {
	Name   string // of the executable
	Source string // its package, relative to the repository's root
	Copies int    // number of processes in the local stack
}

// services lists the long-running programs. A new service is added here.
var services = []Service{
	{Name: "api", Source: "./services/api", Copies: 1},
	{Name: "importer", Source: "./services/importer", Copies: 2},
	{Name: "searcher", Source: "./services/searcher", Copies: 1},
	{Name: "reporter", Source: "./services/reporter", Copies: 1},
	{Name: "janitor", Source: "./services/janitor", Copies: 1},
	{Name: "console", Source: "./services/console", Copies: 1},
}

// migrate is the program that migrates the database to the newest schema and exits.
const (
	migrate       = "migrate"
	migrateSource = "./migrations/cmd/migrate"
)

// Services returns the long-running programs, in the order in which the local stack starts them.
func Services() []Service { return services }

// Programs returns all programs that are deployed: migrate and the services.
func Programs() []Service {
	return append([]Service{{Name: migrate, Source: migrateSource}}, services...)
}

// Instances returns the names of a service's processes: "api", or "importer-1" and "importer-2".
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
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // G301: any user may run the programs
		return fmt.Errorf("creating %s: %w", folder, err)
	}
	args := []string{"go", "build", buildVCS(ctx, root), "-o", folder + string(filepath.Separator)}
	for _, program := range Programs() {
		args = append(args, program.Source)
	}
	if err := process.Run(ctx, process.Command{Args: args, Dir: root, Stdout: out}); err != nil {
		return fmt.Errorf("building the programs: %w", err)
	}
	return nil
}

// buildVCS returns the flag that records the commit in the programs. It is off where git cannot read
// the repository, because go build would fail: git refuses repositories of other users, and the
// sources may come without one.
func buildVCS(ctx context.Context, root string) string {
	if exec.CommandContext(ctx, "git", "-C", root, "status", "--porcelain", "--untracked-files=no").Run() != nil {
		return "-buildvcs=false"
	}
	return "-buildvcs=true"
}

// Migrate runs the migrations with the program in the folder. The environment must contain DATABASE_URL.
func Migrate(ctx context.Context, folder string, env []string, out io.Writer) error {
	command := process.Command{Args: []string{filepath.Join(folder, migrate)}, Env: env, Stdout: out}
	if err := process.Run(ctx, command); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}

// MakeFirstKey makes and prints the API key of an administrator, unless there is a key already. The
// environment must contain DATABASE_URL.
func MakeFirstKey(ctx context.Context, folder string, env []string, out io.Writer) error {
	command := process.Command{
		Args: []string{filepath.Join(folder, "api"), "keys", "create", "--first", "--bundle", "admin", "--name", "first key"}, Env: env, Stdout: out,
	}
	if err := process.Run(ctx, command); err != nil {
		return fmt.Errorf("making the first key: %w", err)
	}
	return nil
}
