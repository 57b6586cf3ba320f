// Command write writes docs/configuration.md. `make docs` runs it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/configdoc"
	"github.com/longshore-io/longshore/deploy/local/programs"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := programs.Root()
	if err != nil {
		return err
	}
	page, err := configdoc.Page(os.DirFS(root))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, configdoc.Path), page, 0o644) //nolint:gosec // G306: a source file, readable by everyone
}
