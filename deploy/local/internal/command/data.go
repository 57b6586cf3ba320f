package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/longshore-io/longshore/deploy/local/datadir"
)

// deleteData deletes everything that the launcher has created in the data folder. It returns an
// error while another launcher uses a part of it.
func deleteData(out io.Writer) error {
	for _, part := range []string{"test", "bench", ""} {
		err := inWorkspace("make clean DATA=1", part, func(w workspace) error { return deletePart(w.data.Path) })
		if err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(out, "the data are deleted")
	return nil
}

// deletePart deletes a part of the data folder, and the folder itself if nothing else is in it.
func deletePart(folder string) error {
	for _, server := range []string{"postgres", "redis", "postgres-programs"} {
		if err := datadir.RemoveServerDir(filepath.Join(folder, server)); err != nil {
			return err
		}
	}
	for _, file := range []string{"postgres.log", "redis.log", "ports.json", "database-url", "lock"} {
		if err := os.Remove(filepath.Join(folder, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("deleting the data: %w", err)
		}
	}
	_ = os.Remove(folder) // fails if it contains files of others
	return nil
}
