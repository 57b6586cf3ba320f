// Package migrations contains the database schema as numbered SQL files. The one-shot command in
// cmd/migrate applies them, never a service. The effect of a migration that has landed is never
// changed: a new migration is added instead.
package migrations

import (
	"embed"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.sql
var files embed.FS

// Files returns the migrations, named NNNN_subject.sql.
func Files() fs.FS { return files }

// Latest returns the number of the newest migration, the schema version of this code. A service
// refuses to start on an older schema and runs on a newer one, so that a rolling upgrade can
// migrate first.
func Latest() int64 { return slices.Max(Numbers()) }

// Numbers returns the numbers of all migrations in the order of their names.
func Numbers() []int64 {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		panic(err) // the files are part of the binary
	}
	var numbers []int64
	for _, entry := range entries {
		prefix, _, _ := strings.Cut(entry.Name(), "_")
		number, err := strconv.ParseInt(prefix, 10, 64)
		if err != nil {
			panic(err) // a test checks the names
		}
		numbers = append(numbers, number)
	}
	return numbers
}
