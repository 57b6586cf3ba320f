package programs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Root returns the folder of the repository that the current folder is in: the nearest one above with a go.work.
func Root() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.work")); err == nil {
			return folder, nil
		}
		above := filepath.Dir(folder)
		if above == folder {
			return "", errors.New("finding the repository: there is no go.work here or above")
		}
		folder = above
	}
}
