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

// ErrNotFound means that no Postgres server is installed.
var ErrNotFound = errors.New("no Postgres server is installed: install one (Debian: apt-get install postgresql), or set DATABASE_URL to the address of one, or PG_BIN to the folder of its programs")

// debianPattern matches the folders of the server programs in Debian's packages, which are not in PATH.
const debianPattern = "/usr/lib/postgresql/*/bin"

// Find returns the folders with server programs, the preferred one first: that of PG_BIN alone if it is
// set, otherwise Debian's from the newest to the oldest, then that in PATH. It returns ErrNotFound if
// no server is installed.
func Find() ([]string, error) {
	if named := os.Getenv("PG_BIN"); named != "" {
		if !complete(named) {
			return nil, fmt.Errorf("PG_BIN is %s, which does not contain initdb and postgres", named)
		}
		return []string{named}, nil
	}
	candidates, _ := filepath.Glob(debianPattern) // the pattern is valid
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

// debianMajor returns the version in a path such as /usr/lib/postgresql/15/bin.
func debianMajor(folder string) int {
	major, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return major
}

var versionNumber = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// majorOf returns the major version of the server in the folder, such as "15".
func majorOf(ctx context.Context, folder string) (string, error) {
	output, err := exec.CommandContext(ctx, filepath.Join(folder, "postgres"), "--version").Output()
	if err != nil {
		return "", fmt.Errorf("reading the version of %s: %w", folder, err)
	}
	match := versionNumber.FindSubmatch(output)
	if match == nil {
		return "", fmt.Errorf("reading the version of %s: unexpected output %q", folder, output)
	}
	return string(match[1]), nil
}
