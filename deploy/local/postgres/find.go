package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// ErrNotFound says that this machine has no Postgres server.
var ErrNotFound = errors.New("no Postgres server on this machine: install one (Debian: apt-get install postgresql), or set DATABASE_URL to the address of one, or PG_BIN to the folder of its programs")

// debianPattern is where Debian's packages put the server's programs, which are not in PATH.
const debianPattern = "/usr/lib/postgresql/*/bin"

// Find returns the folders that hold a server's programs, the best first: the one that PG_BIN names, Debian's from the
// newest on, then the one in PATH. When there is none it returns ErrNotFound.
func Find() ([]string, error) {
	if named := os.Getenv("PG_BIN"); named != "" {
		if !complete(named) {
			return nil, fmt.Errorf("PG_BIN is %s, which does not hold initdb and postgres", named)
		}
		return []string{named}, nil
	}
	candidates, _ := filepath.Glob(debianPattern) // the pattern is well formed
	slices.SortFunc(candidates, func(a, b string) int { return debianMajor(b) - debianMajor(a) })
	if path, err := exec.LookPath("postgres"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	found := slices.DeleteFunc(candidates, func(folder string) bool { return !complete(folder) })
	if len(found) == 0 {
		return nil, ErrNotFound
	}
	return found, nil
}

func complete(folder string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(folder, program)); err != nil {
			return false
		}
	}
	return true
}

// debianMajor reads the version from such a path as /usr/lib/postgresql/15/bin.
func debianMajor(folder string) int {
	major, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return major
}

var versionNumber = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorOf asks the server in the folder for its major version, such as "15".
func majorOf(ctx context.Context, folder string) (string, error) {
	said, err := exec.CommandContext(ctx, filepath.Join(folder, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w", folder, err)
	}
	match := versionNumber.FindSubmatch(said)
	if match == nil {
		return "", fmt.Errorf("asking %s for its version: it said %q", folder, said)
	}
	return string(match[1]), nil
}
