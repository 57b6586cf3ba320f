package architecture

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestEveryPackageHasOneComment(t *testing.T) {
	t.Parallel()
	hold(t, packageComments, fstest.MapFS{
		"good/good.go":       file("// Package good has one.\npackage good\n"),
		"good/more.go":       file("package good\n"),
		"good/good_test.go":  file("// Package good is not asked about its tests.\npackage good\n"),
		"none/none.go":       file("//go:build linux\n\npackage none\n"),
		"twice/a.go":         file("// Package twice says so.\npackage twice\n"),
		"twice/b.go":         file("// Package twice says so again.\npackage twice\n"),
		"tests/only_test.go": file("package tests\n"),
	}, "none: 0 package comments", "tests: 0 package comments", "twice: 2 package comments (a.go, b.go)")
}

// packageComments wants a comment in exactly one file of each package. A package of tests alone has its comment there.
func packageComments(t *testing.T, tree fs.FS) []string {
	t.Helper()
	sources, tests := map[string][]string{}, map[string][]string{}
	sourceFiles(t, tree, func(name string) {
		switch folder := path.Dir(name); {
		case strings.HasSuffix(name, "_test.go"):
			tests[folder] = append(tests[folder], name)
		case strings.HasSuffix(name, ".go"):
			sources[folder] = append(sources[folder], name)
		}
	})
	for folder, names := range tests {
		if sources[folder] == nil {
			sources[folder] = names
		}
	}
	var problems []string
	for folder, names := range sources {
		var commented []string
		for _, name := range names {
			if hasPackageComment(t, tree, name) {
				commented = append(commented, path.Base(name))
			}
		}
		switch len(commented) {
		case 0:
			problems = append(problems, folder+": 0 package comments")
		case 1:
		default:
			problems = append(problems, fmt.Sprintf("%s: %d package comments (%s)", folder, len(commented), strings.Join(commented, ", ")))
		}
	}
	return problems
}

func hasPackageComment(t *testing.T, tree fs.FS, name string) bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), name, read(t, tree, name), parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(parsed.Doc.Text()) != ""
}

func TestMainsAreShort(t *testing.T) {
	t.Parallel()
	long := "package main\n" + strings.Repeat("\n", maxMainLines)
	hold(t, shortMains, fstest.MapFS{
		"services/api/main.go":     file(long[:maxMainLines]),
		"services/janitor/main.go": file(long),
	}, "services/janitor/main.go: 81 lines; a main only wires, and has at most 80")
}

// maxMainLines is what a main of the one shape needs, with room.
const maxMainLines = 80

func shortMains(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var problems []string
	sourceFiles(t, tree, func(name string) {
		if path.Base(name) != "main.go" {
			return
		}
		if lines := bytes.Count(read(t, tree, name), []byte("\n")); lines > maxMainLines {
			problems = append(problems, fmt.Sprintf("%s: %d lines; a main only wires, and has at most %d", name, lines, maxMainLines))
		}
	})
	return problems
}

func TestNamesSayADuty(t *testing.T) {
	t.Parallel()
	hold(t, telltaleNames, fstest.MapFS{
		"pkg/chunk/chunk.go":         file("package chunk\n"),
		"pkg/chunk/helpers.go":       file("package chunk\n"),
		"pkg/chunk/helpers_test.go":  file("package chunk\n"),
		"pkg/utils/clock.go":         file("package utils\n"),
		"services/api/internal/x.go": file("package internal\n"),
		"docs/common/picture.txt":    file(""),
	},
		"pkg/chunk/helpers.go: helpers says no duty",
		"pkg/chunk/helpers_test.go: helpers says no duty",
		"pkg/utils/clock.go: utils says no duty")
}

// dutyless are names that take in everything, and so keep nothing out.
var dutyless = []string{"common", "handler", "handlers", "helper", "helpers", "misc", "models", "util", "utils"}

func telltaleNames(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var problems []string
	sourceFiles(t, tree, func(name string) {
		base, isGo := strings.CutSuffix(name, ".go")
		if !isGo {
			return
		}
		for part := range strings.SplitSeq(strings.TrimSuffix(base, "_test"), "/") {
			if slices.Contains(dutyless, part) {
				problems = append(problems, fmt.Sprintf("%s: %s says no duty", name, part))
			}
		}
	})
	return problems
}
