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

// Name is the role, a superuser, and the database that a new cluster has.
const Name = "longshore"

// cluster is a folder with data and the programs that made them.
type cluster struct {
	place    datadir.ServerDir
	programs string
	password string
	brief    bool // the data need not survive the machine
}

func (c *cluster) data() string { return filepath.Join(c.place.Path, "data") }

// openCluster finds the cluster in the place, or makes it.
func openCluster(ctx context.Context, place datadir.ServerDir, programs []string, brief bool) (*cluster, error) {
	c := &cluster{place: place, brief: brief}
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

func (c *cluster) passwordFile() string { return filepath.Join(c.place.Path, "password") }

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
	return "", fmt.Errorf("the data in %s were made by Postgres %s, which this machine does not have: install that version, or move the folder away to begin anew",
		data, version)
}

// create makes the data beside their place and moves them there at last, so that an interrupted creation is not taken
// for a cluster.
func (c *cluster) create(ctx context.Context) error {
	draft := c.data() + ".new"
	if err := os.RemoveAll(draft); err != nil {
		return fmt.Errorf("removing an unfinished cluster: %w", err)
	}
	c.password = rand.Text()
	if err := os.WriteFile(c.passwordFile(), []byte(c.password), 0o600); err != nil {
		return fmt.Errorf("keeping the database's password: %w", err)
	}
	if owner := c.place.Credential; owner != nil {
		if err := os.Chown(c.passwordFile(), int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("keeping the database's password: %w", err)
		}
	}
	args := []string{
		"--pgdata=" + draft, "--username=" + Name, "--pwfile=" + c.passwordFile(),
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
	}
	if c.brief {
		args = append(args, "--no-sync")
	}
	if err := c.run(ctx, "", "initdb", args...); err != nil {
		return fmt.Errorf("creating the database cluster: %w", err)
	}
	err := c.run(ctx, "CREATE DATABASE "+Name+";\n", "postgres", "--single", "-D", draft, "-c", "unix_socket_directories=", "postgres")
	if err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	if err := os.Rename(draft, c.data()); err != nil {
		return fmt.Errorf("moving the new cluster to its place: %w", err)
	}
	return nil
}

// run runs one of the programs under the cluster's account; when it fails, its last words are in the error.
func (c *cluster) run(ctx context.Context, input, program string, args ...string) error {
	said := process.NewTail(nil)
	err := process.Run(ctx, process.Command{
		Args:       append([]string{filepath.Join(c.programs, program)}, args...),
		Dir:        c.place.Path,
		Stdin:      strings.NewReader(input),
		Stdout:     said,
		Credential: c.place.Credential,
	})
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}
