package architecture

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func TestReadmeTellsEverySetting(t *testing.T) {
	t.Parallel()
	hold(t, toldSettings, fstest.MapFS{
		"README.md": file("| `LONGSHORE_GOOD`, `LONGSHORE_PAIR` | `3`, `4` | all |\n| `LONGSHORE_MORE` | `5` | more than `LONGSHORE_GOOD` |\n| `LONGSHORE_STALE` | `1` | api |\n" +
			"| `LONGSHORE_OTHER` | `10s` | api |\n"),
		"pkg/config/config.go": file("package config\n\ntype C struct {\n" +
			"\tA int `env:\"LONGSHORE_GOOD\" envDefault:\"3\"`\n\tB int `env:\"LONGSHORE_PAIR\" envDefault:\"4\"`\n" +
			"\tC int `env:\"LONGSHORE_OTHER\" envDefault:\"20s\"`\n\tE int `env:\"LONGSHORE_MORE\" envDefault:\"5\"`\n\tD int `env:\"LONGSHORE_SILENT,required\"`\n}\n"),
	},
		"LONGSHORE_OTHER: the README does not tell its default 20s",
		"LONGSHORE_SILENT: the README does not tell it",
		"LONGSHORE_STALE: the README tells it, the code does not read it")
}

var (
	// declared is a field of a configuration: the variable and, if it has one, its default.
	declared = regexp.MustCompile("`env:\"([A-Z_]+)[^\"]*\"(?: envDefault:\"([^\"]*)\")?(?: secret:\"[a-z]+\")?`")
	// constant is a variable that is read without a configuration.
	constant = regexp.MustCompile(`"(LONGSHORE_[A-Z_]+)"`)
	// told is a variable in the README's table.
	told = regexp.MustCompile("`((?:LONGSHORE|DATABASE|REDIS)_[A-Z_]+)`")
)

// toldSettings wants a row of the README's table for each variable that a service reads, with its default, and no other rows.
func toldSettings(t *testing.T, tree fs.FS) []string {
	t.Helper()
	rows := make(map[string]string)
	for line := range strings.Lines(string(read(t, tree, "README.md"))) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, match := range told.FindAllStringSubmatch(cells[1], -1) {
			rows[match[1]] = line
		}
	}
	var problems []string
	known := make(map[string]bool)
	sourceFiles(t, tree, func(name string) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			!strings.HasPrefix(name, "pkg/") && !strings.HasPrefix(name, "services/") {
			return
		}
		source := string(read(t, tree, name))
		for _, match := range constant.FindAllStringSubmatch(source, -1) {
			known[match[1]] = true
		}
		for _, match := range declared.FindAllStringSubmatch(source, -1) {
			known[match[1]] = true
			problems = append(problems, untold(rows, match[1], match[2])...)
		}
	})
	for variable := range rows {
		if !known[variable] {
			problems = append(problems, variable+": the README tells it, the code does not read it")
		}
	}
	return problems
}

func untold(rows map[string]string, variable, value string) []string {
	row, found := rows[variable]
	switch {
	case !found:
		return []string{variable + ": the README does not tell it"}
	case value != "" && value != "0" && !strings.Contains(row, "`"+value+"`"):
		return []string{fmt.Sprintf("%s: the README does not tell its default %s", variable, value)}
	default:
		return nil
	}
}
