package monitoring

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runbookURL precedes the name of an alert, in lower case, in its runbook_url.
const runbookURL = "https://github.com/longshore-io/longshore/blob/main/" + operationsFile + "#"

func TestAlertsAreComplete(t *testing.T) {
	t.Parallel()
	for _, rule := range readRules(t) {
		if rule.Alert == "" {
			continue
		}
		if rule.For == 0 {
			t.Errorf("%s has no `for`: one failed scrape must not fire it", rule.Alert)
		}
		if got := rule.Labels["severity"]; got != "critical" && got != "warning" {
			t.Errorf("%s has the severity %q, want critical or warning", rule.Alert, got)
		}
		for _, name := range []string{"summary", "description"} {
			if rule.Annotations[name] == "" {
				t.Errorf("%s has no %s", rule.Alert, name)
			}
		}
		if got, want := rule.Annotations["runbook_url"], runbookURL+strings.ToLower(rule.Alert); got != want {
			t.Errorf("%s has the runbook_url %q, want %q", rule.Alert, got, want)
		}
	}
}

// runbookEntry matches the heading of an entry.
var runbookEntry = regexp.MustCompile(`(?m)^### (\w+)$`)

func TestRunbookHasEveryAlert(t *testing.T) {
	t.Parallel()
	alerts := make(map[string]bool)
	for _, rule := range readRules(t) {
		if rule.Alert != "" {
			alerts[rule.Alert] = true
		}
	}
	_, runbook, _ := strings.Cut(readFile(t, operationsFile), "\n## Runbook\n")
	var entries []string
	for _, match := range runbookEntry.FindAllStringSubmatch(runbook, -1) {
		entries = append(entries, match[1])
	}
	slices.Sort(entries)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(alerts)), entries); diff != "" {
		t.Errorf("entries of the runbook (-alerts +entries):\n%s", diff)
	}
}

// TestOperationsGuideMentionsOnlyWhatExists checks the variables, make targets, files, workloads,
// metrics and headings in the operations guide.
func TestOperationsGuideMentionsOnlyWhatExists(t *testing.T) {
	t.Parallel()
	guide, catalog := readFile(t, operationsFile), readCatalog(t)
	variables := readVariables(t)
	makefile := readFile(t, "Makefile")
	roles := readFile(t, "deploy/postgres/roles.sql") // the names of roles and tables look like metrics
	headings := make(map[string]bool)
	for _, match := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(guide, -1) {
		headings[anchor(match[1])] = true
	}
	exists := func(path ...string) bool {
		_, err := os.Stat(root(path...))
		return err == nil
	}
	isWorkload := func(name string) bool { return exists("deploy/k8s/base", name+".yaml") }
	for name, check := range map[string]struct {
		mention string // its last group is the name
		exists  func(string) bool
	}{
		"variable":    {`\b(?:LONGSHORE_[A-Z_]+[A-Z]|DATABASE_URL|REDIS_URL)\b`, func(name string) bool { return variables[name] }},
		"make target": {"(?m)(?:`|^ {4})make ([a-z0-9-]+)", func(target string) bool { return strings.Contains(makefile, "\n"+target+":") }},
		"file": {`\b(?:(?:deploy|docs|pkg|services|migrations|e2e)/[\w./-]*\w|docker-compose\.yml)`, func(path string) bool {
			return exists(path)
		}},
		"deployment": {`\bdeployment/([a-z]+)`, isWorkload},
		"label":      {`app\.kubernetes\.io/name=([a-z]+)`, isWorkload},
		"metric": {`\b(?:longshore_[a-z_]*[a-z]|[a-z_]+_(?:seconds|total))\b`, func(metric string) bool {
			return catalog.labels[metric] != nil || catalog.labels[metric+"_bucket"] != nil || strings.Contains(roles, metric)
		}},
		"heading": {`\]\(#([^)]+)\)`, func(name string) bool { return headings[name] }},
	} {
		matches := regexp.MustCompile(check.mention).FindAllStringSubmatch(guide, -1)
		if len(matches) == 0 {
			t.Errorf("%s mentions no %s, want the pattern to match", operationsFile, name)
		}
		for _, match := range matches {
			if mentioned := match[len(match)-1]; !check.exists(mentioned) {
				t.Errorf("%s mentions the %s %q, which does not exist", operationsFile, name, mentioned)
			}
		}
	}
}

// readVariables returns the configuration variables of all programs, and those of docker compose.
func readVariables(t *testing.T) set {
	t.Helper()
	variables := set{}
	for _, match := range regexp.MustCompile(`(?m)^#(\w+)=`).FindAllStringSubmatch(readFile(t, ".env.example"), -1) {
		variables[match[1]] = true
	}
	for _, match := range regexp.MustCompile("(?m)^### `(\\w+)`").FindAllStringSubmatch(readFile(t, "docs/configuration.md"), -1) {
		variables[match[1]] = true
	}
	tag := regexp.MustCompile(`env:"(\w+)`)
	for _, dir := range []string{"pkg", "services", "migrations"} {
		err := filepath.WalkDir(root(dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, match := range tag.FindAllStringSubmatch(string(source), -1) {
				variables[match[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return variables
}

// anchor returns the name of a heading in a GitHub link.
func anchor(title string) string {
	return strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}
