package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/longshore-io/longshore/deploy/local/datadir"
	"github.com/longshore-io/longshore/deploy/local/process"
)

// Name is the name of the superuser and of the database in a new cluster.
const Name = "longshore"

// cluster is a data folder with the matching server programs.
type cluster struct {
	dir      datadir.ServerDir
	programs string
	password string
	volatile bool // the data need not survive a crash of the machine
}

func (c *cluster) data() string { return filepath.Join(c.dir.Path, "data") }

// openCluster opens the cluster in the folder, or creates it.
func openCluster(ctx context.Context, dir datadir.ServerDir, programs []string, volatile bool) (*cluster, error) {
	c := &cluster{dir: dir, volatile: volatile}
	version, err := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		c.programs = programs[0]
		if err := c.create(ctx); err != nil {
			return nil, err
		}
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the version of the data: %w", err)
	}
	password, err := os.ReadFile(c.passwordFile())
	if err != nil {
		return nil, fmt.Errorf("reading the database's password: %w", err)
	}
	c.password = string(password)
	c.programs, err = programsFor(ctx, strings.TrimSpace(string(version)), programs, c.data())
	return c, err
}

func (c *cluster) passwordFile() string { return filepath.Join(c.dir.Path, "password") }

func programsFor(ctx context.Context, version string, programs []string, data string) (string, error) {
	for _, folder := range programs {
		major, err := majorOf(ctx, folder)
		if err != nil {
			return "", err
		}
		if major == version {
			return folder, nil
		}
	}
	return "", fmt.Errorf("the data in %s belong to Postgres %s, which is not installed: install that version, or move the folder away to start with empty data",
		data, version)
}

// create creates the data in a temporary folder and renames it at the end, so that an interrupted
// creation does not leave a partial cluster.
func (c *cluster) create(ctx context.Context) error {
	temporary := c.data() + ".new"
	if err := os.RemoveAll(temporary); err != nil {
		return fmt.Errorf("removing an unfinished cluster: %w", err)
	}
	c.password = rand.Text()
	if err := os.WriteFile(c.passwordFile(), []byte(c.password), 0o600); err != nil {
		return fmt.Errorf("storing the database's password: %w", err)
	}
	if owner := c.dir.Credential; owner != nil {
		if err := os.Chown(c.passwordFile(), int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("storing the database's password: %w", err)
		}
	}
	args := []string{
		"--pgdata=" + temporary, "--username=" + Name, "--pwfile=" + c.passwordFile(),
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
	}
	if c.volatile {
		args = append(args, "--no-sync")
	}
	if err := c.run(ctx, "", "initdb", args...); err != nil {
		return fmt.Errorf("creating the database cluster: %w", err)
	}
	err := c.run(ctx, "CREATE DATABASE "+Name+";\n", "postgres", "--single", "-D", temporary, "-c", "unix_socket_directories=", "postgres")
	if err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	if err := os.Rename(temporary, c.data()); err != nil {
		return fmt.Errorf("renaming the new cluster: %w", err)
	}
	return nil
}

// run runs one of the programs under the cluster's account. The end of its output is in the error.
func (c *cluster) run(ctx context.Context, input, program string, args ...string) error {
	output := process.NewTail(nil)
	err := process.Run(ctx, process.Command{
		Args:       append([]string{filepath.Join(c.programs, program)}, args...),
		Dir:        c.dir.Path,
		Stdin:      strings.NewReader(input),
		Stdout:     output,
		Credential: c.dir.Credential,
	})
	if err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	return nil
}
