package programs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Root returns the root of the repository that contains the current folder: the nearest folder with a
// go.work.
func Root() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.work")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("finding the repository: neither the current folder nor one above it has a go.work")
		}
		folder = parent
	}
}
