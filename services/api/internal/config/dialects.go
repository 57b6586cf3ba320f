package config

import (
	"fmt"
	"slices"
)

// The dialects that an api may leave out.
const (
	Google = "google"
	Tasks  = "tasks"
)

const azure = "azure"

func (c Config) checkDialects() error {
	for _, name := range c.Dialects {
		if name != azure && name != Google && name != Tasks {
			return fmt.Errorf("LONGSHORE_DIALECTS names %q; the dialects are %s, %s and %s", name, azure, Google, Tasks)
		}
	}
	if !slices.Contains(c.Dialects, azure) {
		return fmt.Errorf("LONGSHORE_DIALECTS must contain %s, because Operation-Location leads to it", azure)
	}
	return nil
}

// Serves reports whether the api serves a dialect.
func (c Config) Serves(dialect string) bool { return slices.Contains(c.Dialects, dialect) }
