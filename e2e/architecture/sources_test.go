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

func TestPackageComments(t *testing.T) {
	t.Parallel()
	checkRule(t, packageComments, fstest.MapFS{
		"good/good.go":       file("// Package good has a comment.\npackage good\n"),
		"good/more.go":       file("package good\n"),
		"good/good_test.go":  file("// Package good may have another comment in its tests.\npackage good\n"),
		"none/none.go":       file("//go:build linux\n\npackage none\n"),
		"twice/a.go":         file("// Package twice has a comment.\npackage twice\n"),
		"twice/b.go":         file("// Package twice has another comment.\npackage twice\n"),
		"tests/only_test.go": file("package tests\n"),
	}, "none: 0 package comments", "tests: 0 package comments", "twice: 2 package comments (a.go, b.go)")
}

// packageComments finds packages without a package comment in exactly one file. Test files count
// only in a package that has no other files.
func packageComments(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var problems []string
	for folder, names := range packageFiles(t, tree) {
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

// packageFiles returns the files of each package: those that are not tests, or else the tests.
func packageFiles(t *testing.T, tree fs.FS) map[string][]string {
	t.Helper()
	files, tests := map[string][]string{}, map[string][]string{}
	eachSource(t, tree, func(name string) {
		switch folder := path.Dir(name); {
		case strings.HasSuffix(name, "_test.go"):
			tests[folder] = append(tests[folder], name)
		case strings.HasSuffix(name, ".go"):
			files[folder] = append(files[folder], name)
		}
	})
	for folder, names := range tests {
		if files[folder] == nil {
			files[folder] = names
		}
	}
	return files
}

func hasPackageComment(t *testing.T, tree fs.FS, name string) bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), name, readFile(t, tree, name), parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(parsed.Doc.Text()) != ""
}

// maxMainLines is the maximum number of lines of a main.go.
const maxMainLines = 80

func TestMainFilesAreShort(t *testing.T) {
	t.Parallel()
	long := "package main\n" + strings.Repeat("\n", maxMainLines)
	checkRule(t, shortMainFiles, fstest.MapFS{
		"services/api/main.go":     file(long[:maxMainLines]),
		"services/janitor/main.go": file(long),
	}, "services/janitor/main.go: 81 lines, but a main.go only connects packages and has at most 80")
}

func shortMainFiles(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var problems []string
	eachSource(t, tree, func(name string) {
		if path.Base(name) != "main.go" {
			return
		}
		if lines := bytes.Count(readFile(t, tree, name), []byte("\n")); lines > maxMainLines {
			problems = append(problems,
				fmt.Sprintf("%s: %d lines, but a main.go only connects packages and has at most %d", name, lines, maxMainLines))
		}
	})
	return problems
}

func TestNamesDescribeDuty(t *testing.T) {
	t.Parallel()
	checkRule(t, descriptiveNames, fstest.MapFS{
		"pkg/chunk/chunk.go":         file("package chunk\n"),
		"pkg/chunk/helpers.go":       file("package chunk\n"),
		"pkg/chunk/helpers_test.go":  file("package chunk\n"),
		"pkg/utils/clock.go":         file("package utils\n"),
		"services/api/internal/x.go": file("package internal\n"),
		"docs/common/picture.txt":    file(""),
	},
		"pkg/chunk/helpers.go: helpers does not describe a duty",
		"pkg/chunk/helpers_test.go: helpers does not describe a duty",
		"pkg/utils/clock.go: utils does not describe a duty")
}

// vagueNames contains names of packages and files that fit any code.
var vagueNames = []string{"common", "handler", "handlers", "helper", "helpers", "misc", "models", "util", "utils"}

func descriptiveNames(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var problems []string
	eachSource(t, tree, func(name string) {
		base, isGo := strings.CutSuffix(name, ".go")
		if !isGo {
			return
		}
		for part := range strings.SplitSeq(strings.TrimSuffix(base, "_test"), "/") {
			if slices.Contains(vagueNames, part) {
				problems = append(problems, fmt.Sprintf("%s: %s does not describe a duty", name, part))
			}
		}
	})
	return problems
}
