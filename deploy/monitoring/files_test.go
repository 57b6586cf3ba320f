// Package monitoring tests the alerts in deploy/k8s/components/prometheus/rules.yaml, the dashboard
// beside them, and docs/operations.md: all expressions contain only metrics, labels and values that
// the code exposes, every alert has an entry in the runbook, and what the operations guide mentions
// exists. `make alerts` tests with promtool and rules_test.yaml that the alerts fire when they must.
package monitoring

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"
	"gopkg.in/yaml.v3"
)

// The tested files, relative to the root of the repository.
const (
	rulesFile      = "deploy/k8s/components/prometheus/rules.yaml"
	dashboardFile  = "deploy/k8s/components/prometheus/dashboard.json"
	testsFile      = "deploy/monitoring/rules_test.yaml"
	operationsFile = "docs/operations.md"
)

// root returns the path of a file in the repository.
func root(elements ...string) string {
	return filepath.Join(append([]string{"..", ".."}, elements...)...)
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(root(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// ruleGroups returns the rules of the PrometheusRule as a rule file of Prometheus.
func ruleGroups(t *testing.T) []byte {
	t.Helper()
	var resource struct {
		Kind string    `yaml:"kind"`
		Spec yaml.Node `yaml:"spec"`
	}
	if err := yaml.Unmarshal([]byte(readFile(t, rulesFile)), &resource); err != nil {
		t.Fatal(err)
	}
	if resource.Kind != "PrometheusRule" {
		t.Fatalf("%s has kind %q, want PrometheusRule", rulesFile, resource.Kind)
	}
	groups, err := yaml.Marshal(&resource.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

// readRules parses and validates the rules as `promtool check rules` does.
func readRules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	parsed, errs := rulefmt.Parse(ruleGroups(t), false)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var rules []rulefmt.Rule
	for _, group := range parsed.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}
