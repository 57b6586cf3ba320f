package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// databaseFile in the data folder contains the URL of the running Postgres, for its owner only.
const databaseFile = "database-url"

// DatabaseURL returns the URL of the database that a running stack with this data folder uses:
// DATABASE_URL if it is set, otherwise that of the Postgres that the stack has started.
func DatabaseURL(folder string) (string, error) {
	if configured := os.Getenv(databaseVariable); configured != "" {
		return configured, nil
	}
	content, err := os.ReadFile(filepath.Join(folder, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no Postgres is running in %s: start make run first, or set %s", folder, databaseVariable)
	}
	if err != nil {
		return "", fmt.Errorf("reading the URL of the database: %w", err)
	}
	return string(content), nil
}

// publishDatabase stores the URL of the started Postgres for DatabaseURL, until Close.
func (s *Servers) publishDatabase(folder string) error {
	file := filepath.Join(folder, databaseFile)
	if err := os.WriteFile(file, []byte(s.DatabaseURL), 0o600); err != nil {
		return fmt.Errorf("storing the URL of the database: %w", err)
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(file) })
	return nil
}
