package monitoring

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// templateLabel matches a label in a text of an alert.
var templateLabel = regexp.MustCompile(`\$labels\.(\w+)`)

func TestRulesUseKnownMetrics(t *testing.T) {
	t.Parallel()
	known := readCatalog(t)
	for _, rule := range readRules(t) {
		have := known.check(t, rule.Alert+rule.Record, rule.Expr)
		for _, match := range templateLabel.FindAllStringSubmatch(rule.Annotations["summary"]+rule.Annotations["description"], -1) {
			if !have[match[1]] {
				t.Errorf("%s: a text contains $labels.%s, but the alert has no such label", rule.Alert, match[1])
			}
		}
	}
}

// dashboard contains the tested members of the JSON model of Grafana.
type dashboard struct {
	ID     *int
	UID    string
	Panels []struct {
		ID                       int
		Type, Title, Description string
		GridPos                  struct{ X, W int }
		FieldConfig              struct{ Defaults struct{ Unit string } }
		Targets                  []struct{ Expr, LegendFormat string }
	}
}

func TestDashboardUsesKnownMetrics(t *testing.T) {
	t.Parallel()
	known, d := readCatalog(t), readDashboard(t)
	legendLabel := regexp.MustCompile(`\{\{\s*([a-z_]+)`)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			found := known.check(t, p.Title, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
			for _, match := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
				if !found[match[1]] {
					t.Errorf("%s: the legend contains {{%s}}, but the result has no such label", p.Title, match[1])
				}
			}
		}
	}
}

// TestDashboardIsPortable checks that the dashboard can be imported into any Grafana, and that every
// panel is readable.
func TestDashboardIsPortable(t *testing.T) {
	t.Parallel()
	d, ids := readDashboard(t), make(map[int]bool)
	if d.ID != nil {
		t.Errorf("the dashboard has the id %d of one Grafana, want none", *d.ID)
	}
	for _, match := range regexp.MustCompile(`"uid": "([^"]*)"`).FindAllStringSubmatch(readFile(t, dashboardFile), -1) {
		if match[1] != "${datasource}" && match[1] != d.UID {
			t.Errorf("a panel has the datasource %s, want ${datasource}", match[1])
		}
	}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("%s: the id %d is not unique", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
			t.Errorf("%s has no description, unit or expression", p.Title)
		}
		if p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s does not fit into 24 columns", p.Title)
		}
	}
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(readFile(t, dashboardFile)), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// replicatedGauges are the prefixes of metrics with the same value in every replica of the janitor.
var replicatedGauges = []string{"longshore_due_chunks", "longshore_oldest_due_seconds", "longshore_queue_", "longshore_redis_memory_"}

// check fails for metrics, labels and values of an expression that are not in the catalog, and
// returns the labels of its result.
func (c catalog) check(t *testing.T, name, expr string) set {
	t.Helper()
	parsed, err := parser.ParseExpr(expr)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch e := node.(type) {
		case *parser.VectorSelector:
			c.checkSelector(t, name, e)
		case *parser.AggregateExpr:
			c.checkLabels(t, name, e.Expr, e.Grouping)
			if e.Op == parser.SUM {
				checkSum(t, name, e)
			}
		case *parser.BinaryExpr:
			if matching := e.VectorMatching; matching != nil && matching.On {
				c.checkLabels(t, name, e.LHS, matching.MatchingLabels)
				c.checkLabels(t, name, e.RHS, matching.MatchingLabels)
			}
		}
		return nil
	})
	return c.labelsOf(parsed)
}

func (c catalog) checkSelector(t *testing.T, name string, selector *parser.VectorSelector) {
	t.Helper()
	if c.labels[selector.Name] == nil {
		t.Errorf("%s: the metric %s does not exist", name, selector.Name)
		return
	}
	for _, matcher := range selector.LabelMatchers {
		if matcher.Name == labels.MetricName {
			continue
		}
		if !c.labels[selector.Name][matcher.Name] {
			t.Errorf("%s: %s has no label %s", name, selector.Name, matcher.Name)
		}
		for value := range strings.SplitSeq(matcher.Value, "|") {
			if values := c.values[matcher.Name]; values != nil && !values[value] {
				t.Errorf("%s: the label %s never has the value %q", name, matcher.Name, value)
			}
		}
	}
}

func (c catalog) checkLabels(t *testing.T, name string, expr parser.Expr, want []string) {
	t.Helper()
	have := c.labelsOf(expr)
	for _, label := range want {
		if !have[label] {
			t.Errorf("%s: %s has no label %s", name, expr, label)
		}
	}
}

// checkSum fails for a sum over replicated gauges, which counts every replica of the janitor.
func checkSum(t *testing.T, name string, sum *parser.AggregateExpr) {
	t.Helper()
	parser.Inspect(sum.Expr, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if ok && (selector.Name == "longshore_operations" ||
			slices.ContainsFunc(replicatedGauges, func(prefix string) bool { return strings.HasPrefix(selector.Name, prefix) })) {
			t.Errorf("%s: every janitor exposes %s: use max instead of sum", name, selector.Name)
		}
		return nil
	})
}

// labelsOf returns the labels that the result of an expression may have.
func (c catalog) labelsOf(node parser.Node) set {
	switch e := node.(type) {
	case *parser.VectorSelector:
		return c.labels[e.Name]
	case *parser.AggregateExpr:
		if !e.Without {
			return setOf(e.Grouping...)
		}
	case *parser.BinaryExpr:
		matching := e.VectorMatching
		if matching != nil && matching.Card != parser.CardOneToMany && e.Op != parser.LOR {
			result := maps.Clone(c.labelsOf(e.LHS))
			if matching.On && matching.Card == parser.CardOneToOne && !e.Op.IsSetOperator() {
				result = setOf(matching.MatchingLabels...)
			}
			maps.Copy(result, setOf(matching.Include...))
			return result
		}
	}
	all := set{}
	for _, child := range parser.Children(node) {
		maps.Copy(all, c.labelsOf(child))
	}
	return all
}
