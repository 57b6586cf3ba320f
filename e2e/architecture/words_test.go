package architecture

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// oldWords matches words that earlier versions used in a sense of their own. The linter finds them
// in Go code (.golangci.yml); docs/glossary.md contains the current words.
var oldWords = regexp.MustCompile(`(?i)\b(tells|told|heard|wish|whoever|nobody|somebody|forgive|forgiven|mourn|bell|berth|hunt|anew|patience|workshop|in hand|for ever)\b`)

func TestDocumentsUsePlainWords(t *testing.T) {
	t.Parallel()
	checkRule(t, plainWords, fstest.MapFS{
		".golangci.yml":        file("typo: told\n"),
		"docs/old.md":          file("Fine.\nIt tells the worker for ever.\n"),
		"docs/code.md":         file("The value `for ever` is invalid.\n"),
		"docs/word.md":         file("The bellwether wishes.\n"),
		"migrations/old.sql":   file("-- Told by the bell.\n"),
		"deploy/k8s/old.yaml":  file("# whoever\n"),
		"docker-compose.yml":   file("# Nobody\n"),
		"Makefile":             file("# anew\n"),
		"CHANGELOG.md":         file("Nobody.\n"),
		"services/api/main.go": file("package main // nobody\n"),
	},
		"Makefile:1: anew",
		"deploy/k8s/old.yaml:1: whoever",
		"docker-compose.yml:1: Nobody",
		"docs/old.md:2: tells, for ever",
		"migrations/old.sql:1: Told, bell")
}

// codeSpan matches inline code in Markdown, which may contain any word.
var codeSpan = regexp.MustCompile("`[^`]*`")

// plainWords finds old words in documents, SQL, YAML and the Makefile. CHANGELOG.md may contain
// them, and .golangci.yml lists them.
func plainWords(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var problems []string
	eachSource(t, tree, func(name string) {
		checked := slices.Contains([]string{".md", ".sql", ".yaml", ".yml"}, path.Ext(name)) || path.Base(name) == "Makefile"
		if !checked || name == "CHANGELOG.md" || name == ".golangci.yml" {
			return
		}
		number := 0
		for line := range strings.Lines(string(readFile(t, tree, name))) {
			number++
			if found := oldWords.FindAllString(codeSpan.ReplaceAllString(line, ""), -1); found != nil {
				problems = append(problems, fmt.Sprintf("%s:%d: %s", name, number, strings.Join(found, ", ")))
			}
		}
	})
	return problems
}
