package monitoring

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"
	"gopkg.in/yaml.v3"
)

// loadRules loads the rules of a PrometheusRule as Prometheus does.
func loadRules(content string) ([]rulefmt.RuleGroup, []error) {
	var resource struct {
		Kind string    `yaml:"kind"`
		Spec yaml.Node `yaml:"spec"`
	}
	if err := yaml.Unmarshal([]byte(content), &resource); err != nil {
		return nil, []error{err}
	}
	if resource.Kind != "PrometheusRule" {
		return nil, []error{fmt.Errorf("%s is no PrometheusRule but %q", rulesFile, resource.Kind)}
	}
	groups, err := yaml.Marshal(&resource.Spec)
	if err != nil {
		return nil, []error{err}
	}
	loaded, problems := rulefmt.Parse(groups, false)
	if loaded == nil {
		return nil, problems
	}
	return loaded.Groups, problems
}

// eachRule calls visit with every rule.
func eachRule(t *testing.T, of papers, visit func(rulefmt.Rule)) {
	t.Helper()
	groups, problems := loadRules(of[rulesFile])
	if len(groups) == 0 {
		t.Fatalf("no rules: %v", problems)
	}
	for _, group := range groups {
		for _, rule := range group.Rules {
			visit(rule)
		}
	}
}

func TestPrometheusLoadsTheRules(t *testing.T) {
	t.Parallel()
	hold(t, func(_ *testing.T, all papers) []string {
		_, problems := loadRules(all[rulesFile])
		said := make([]string, len(problems))
		for i, problem := range problems {
			said[i] = problem.Error()
		}
		return said
	},
		mistake{rulesFile, "expr: max(longshore_redis_up) == 0", "expr: max(longshore_redis_up == 0", "could not parse expression"},
		mistake{rulesFile, "summary: 'no {{ $labels.service }} is seen'", "summary: 'no {{ $lable.service }} is seen'", "undefined variable"},
		mistake{rulesFile, "annotations:", "anotations:", "anotations not found"},
		mistake{rulesFile, "kind: PrometheusRule", "kind: PodMonitor", "is no PrometheusRule"},
	)
}

// severities are the words that routes of alerts know.
var severities = map[string]bool{"critical": true, "warning": true}

func TestEveryAlertIsComplete(t *testing.T) {
	t.Parallel()
	hold(t, incompleteAlerts,
		mistake{rulesFile, "          for: 2m\n", "", "LongshoreImportsNotAccepted has no `for`"},
		mistake{rulesFile, "severity: critical", "severity: urgent", "has the severity \"urgent\""},
		mistake{rulesFile, "            description: Clients get 5xx instead of 202.", "            details: Clients get 5xx instead of 202.", "has no description"},
		mistake{rulesFile, "#longshoreacceptslow", "#longshoreslow", "LongshoreAcceptSlow leads to"},
	)
}

func incompleteAlerts(t *testing.T, all papers) []string {
	t.Helper()
	var problems []string
	eachRule(t, all, func(rule rulefmt.Rule) {
		if rule.Alert == "" {
			return
		}
		if rule.For == 0 {
			problems = append(problems, rule.Alert+" has no `for`: one bad scrape must wake nobody")
		}
		if severity := rule.Labels["severity"]; !severities[severity] {
			problems = append(problems, fmt.Sprintf("%s has the severity %q", rule.Alert, severity))
		}
		for _, name := range []string{"summary", "description", "runbook_url"} {
			if rule.Annotations[name] == "" {
				problems = append(problems, rule.Alert+" has no "+name)
			}
		}
		if url := rule.Annotations["runbook_url"]; !strings.HasSuffix(url, "/"+operationsFile+"#"+strings.ToLower(rule.Alert)) {
			problems = append(problems, fmt.Sprintf("%s leads to %s, not to its entry in the runbook", rule.Alert, url))
		}
	})
	return problems
}
