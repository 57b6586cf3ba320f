// Package migrations holds the database schema as numbered SQL files. They are applied by the one-shot command
// in cmd/migrate and never by a service. A migration that has landed is never changed: a new one is added.
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

// Latest is the number of the newest migration: the schema that this code was written for. A service refuses to start on
// an older one and runs on a newer one, so that a rolling upgrade can migrate first.
func Latest() int64 { return slices.Max(Numbers()) }

// Numbers lists the numbers of all migrations in the order of their names.
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
			panic(err) // a test keeps the names in order
		}
		numbers = append(numbers, number)
	}
	return numbers
}
