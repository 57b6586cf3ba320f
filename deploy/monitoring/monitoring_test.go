// Package monitoring holds the alerts (deploy/k8s/components/prometheus/rules.yaml), the dashboard beside them and docs/operations.md
// against the code and against each other: Prometheus' own code loads and tries every expression, each metric and label is one that the
// code shows, each alert has its entry in the runbook, and what an operator is told to type exists. Each check is a function that returns
// what is wrong, and is tried on the files as they are and on files with a mistake in them.
package monitoring

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The files that are checked, and those that they are held against.
const (
	rulesFile      = "deploy/k8s/components/prometheus/rules.yaml"
	dashboardFile  = "deploy/k8s/components/prometheus/dashboard.json"
	operationsFile = "docs/operations.md"
	readmeFile     = "README.md"
	makeFile       = "Makefile"
	// environmentFile has what only docker compose reads.
	environmentFile = ".env.example"
)

// papers are the contents of the files, by their names.
type papers map[string]string

// root is the repository.
func root(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func readPapers(t *testing.T) papers {
	t.Helper()
	all := make(papers)
	for _, name := range []string{rulesFile, dashboardFile, operationsFile, readmeFile, makeFile, environmentFile} {
		content, err := os.ReadFile(filepath.Join(root(t), name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(content)
	}
	return all
}

// mistake is an edit that a check must notice.
type mistake struct {
	file, old, changed string
	// want is a part of what the check says.
	want string
}

// make returns the papers with the mistake in them.
func (m mistake) make(t *testing.T, of papers) papers {
	t.Helper()
	broken := maps.Clone(of)
	broken[m.file] = strings.Replace(of[m.file], m.old, m.changed, 1)
	if broken[m.file] == of[m.file] {
		t.Fatalf("%s does not say %q, which a test wants to change", m.file, m.old)
	}
	return broken
}

// hold tries a check on the papers, where it must find nothing, and on each mistake, which it must find.
func hold(t *testing.T, check func(*testing.T, papers) []string, mistakes ...mistake) {
	t.Helper()
	all := readPapers(t)
	for _, problem := range check(t, all) {
		t.Error(problem)
	}
	for _, m := range mistakes {
		found := check(t, m.make(t, all))
		if !slices.ContainsFunc(found, func(problem string) bool { return strings.Contains(problem, m.want) }) {
			t.Errorf("with %q instead of %q in %s nothing said %q, only %q", m.changed, m.old, m.file, m.want, found)
		}
	}
}
