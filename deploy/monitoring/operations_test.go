package monitoring

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"
)

// entry is the heading of an entry in the runbook.
var entry = regexp.MustCompile(`(?m)^### (\w+)$`)

func TestEveryAlertHasItsEntryInTheRunbook(t *testing.T) {
	t.Parallel()
	hold(t, func(t *testing.T, all papers) []string {
		t.Helper()
		_, runbook, _ := strings.Cut(all[operationsFile], "\n## Runbook\n")
		var told, alerts, problems []string
		for _, heading := range entry.FindAllStringSubmatch(runbook, -1) {
			told = append(told, heading[1])
		}
		eachRule(t, all, func(rule rulefmt.Rule) {
			alerts = append(alerts, rule.Alert)
			if rule.Alert != "" && !slices.Contains(told, rule.Alert) {
				problems = append(problems, rule.Alert+" has no entry in the runbook")
			}
		})
		for _, name := range told {
			if !slices.Contains(alerts, name) {
				problems = append(problems, "the runbook tells of "+name+", which is no alert")
			}
		}
		return problems
	},
		mistake{operationsFile, "### LongshoreWorkLate\n", "", "LongshoreWorkLate has no entry"},
		mistake{operationsFile, "### LongshoreWorkLate\n", "### LongshoreWorkSlow\n", "LongshoreWorkSlow, which is no alert"},
		mistake{rulesFile, "alert: LongshoreRedisFull", "alert: LongshoreRedisBig", "LongshoreRedisBig has no entry"},
	)
}

// What an operator is told to type or to open, as the page writes it.
var (
	toldVariable   = regexp.MustCompile(`\b(?:LONGSHORE_[A-Z_]+[A-Z]|DATABASE_URL|REDIS_URL)\b`)
	toldTarget     = regexp.MustCompile("(?m)(?:`|^ {4})make ([a-z0-9-]+)")
	toldFile       = regexp.MustCompile(`\b(?:(?:deploy|docs|pkg|services|migrations|e2e)/[\w./-]*\w|docker-compose\.yml)`)
	toldDeployment = regexp.MustCompile(`\bdeployment/([a-z]+)`)
	toldService    = regexp.MustCompile(`app\.kubernetes\.io/name=([a-z]+)`)
	toldMetric     = regexp.MustCompile(`\b(?:longshore_[a-z_]*[a-z]|[a-z_]+_(?:seconds|total))\b`)
	toldAnchor     = regexp.MustCompile(`\]\(#([^)]+)\)`)
	heading        = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

func TestWhatOperatorsAreToldExists(t *testing.T) {
	t.Parallel()
	hold(t, toldInVain,
		mistake{operationsFile, "`LONGSHORE_LANES`", "`LONGSHORE_LAINS`", "LONGSHORE_LAINS"},
		mistake{operationsFile, "`make bench", "`make measure", "make measure"},
		mistake{operationsFile, "`deploy/k8s/components/keda`", "`deploy/k8s/components/kedo`", "deploy/k8s/components/kedo"},
		mistake{operationsFile, "deployment/importer", "deployment/import", "deployment/import "},
		mistake{operationsFile, "name=janitor", "name=caretaker", "caretaker"},
		mistake{operationsFile, "`longshore_redis_up`", "`longshore_redis_alive`", "longshore_redis_alive"},
		mistake{operationsFile, "`longshore_redis_up`", "`redis_down_seconds`", "redis_down_seconds"},
		mistake{operationsFile, "(#scaling)", "(#scale)", "#scale"},
	)
}

func toldInVain(t *testing.T, all papers) []string {
	t.Helper()
	page := all[operationsFile]
	base := filepath.Join(root(t), "deploy", "k8s", "base")
	known := readCatalog(t, all).labels
	anchors := make(names)
	for _, title := range heading.FindAllStringSubmatch(page, -1) {
		anchors[anchor(title[1])] = true
	}
	exists := func(path ...string) bool {
		_, err := os.Stat(filepath.Join(path...))
		return err == nil
	}
	var problems []string
	for _, rule := range []struct {
		told  *regexp.Regexp
		holds func(what string) bool
		lacks string
	}{
		{toldVariable, func(v string) bool {
			return strings.Contains(all[readmeFile], "`"+v+"`") || strings.Contains(all[environmentFile], "#"+v+"=")
		}, "the README has no variable %s"},
		{toldTarget, func(target string) bool { return strings.Contains(all[makeFile], "\n"+target+":") }, "there is no make %s"},
		{toldFile, func(file string) bool { return exists(root(t), file) }, "there is no %s"},
		{toldDeployment, func(name string) bool { return exists(base, name+".yaml") }, "there is no deployment/%s "},
		{toldService, func(name string) bool { return exists(base, name+".yaml") }, "nothing has the label %s"},
		{toldMetric, func(name string) bool { return known[name] != nil || known[name+"_bucket"] != nil }, "no metric is named %s"},
		{toldAnchor, func(name string) bool { return anchors[name] }, "no heading is #%s"},
	} {
		for _, match := range rule.told.FindAllStringSubmatch(page, -1) {
			if what := match[len(match)-1]; !rule.holds(what) {
				problems = append(problems, fmt.Sprintf(rule.lacks, what))
			}
		}
	}
	return problems
}

var unlinked = regexp.MustCompile(`[^a-z0-9 -]`)

// anchor is how GitHub names a heading in an address.
func anchor(title string) string {
	return strings.ReplaceAll(unlinked.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}
