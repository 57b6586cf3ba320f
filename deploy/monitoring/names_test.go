package monitoring

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// expression is a piece of PromQL and where it stands.
type expression struct {
	where, query string
	// text is what is written with the labels of its result.
	text string
}

// told are the labels that a text names: {{ $labels.kind }} in an alert, {{kind}} in a legend.
var told = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?([a-z_]+)`)

// check returns what is wrong with the metrics and labels of an expression.
func (e expression) check(known catalog) []string {
	parsed, err := parser.ParseExpr(e.query)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", e.where, err)}
	}
	r := &reader{known: known}
	has := r.labelsOf(parsed)
	for _, match := range told.FindAllStringSubmatch(e.text, -1) {
		if !has[match[1]] {
			r.complain("%q names a label that the result does not have", match[0])
		}
	}
	for i, problem := range r.problems {
		r.problems[i] = e.where + ": " + problem
	}
	return r.problems
}

func TestRulesNameWhatTheCodeShows(t *testing.T) {
	t.Parallel()
	hold(t, func(t *testing.T, all papers) []string {
		t.Helper()
		known := readCatalog(t, all)
		var problems []string
		eachRule(t, all, func(rule rulefmt.Rule) {
			e := expression{rule.Record + rule.Alert, rule.Expr, rule.Annotations["summary"] + rule.Annotations["description"]}
			problems = append(problems, e.check(known)...)
		})
		return problems
	},
		mistake{rulesFile, "max by (kind) (longshore_oldest_due_seconds) > 600", "max by (kind) (longshore_oldest_due_second) > 600", `no metric is named "longshore_oldest_due_second"`},
		mistake{rulesFile, "max by (kind) (longshore_oldest_due_seconds) > 600", "max by (kinds) (longshore_oldest_due_seconds) > 600", `has no label "kinds"`},
		mistake{rulesFile, "max by (kind) (longshore_oldest_due_seconds) > 600", "sum by (kind) (longshore_oldest_due_seconds) > 600", "take the max"},
		mistake{rulesFile, `{result=~"failed|forgiven"}`, `{outcome=~"failed|forgiven"}`, `has no label "outcome"`},
		mistake{rulesFile, `{result="ended"}`, `{result="endet"}`, `the label result is never "endet"`},
		mistake{rulesFile, `absent(longshore_build_info{service="reporter"})`, `absent(longshore_build_info{service="reporters"})`, `never "reporters"`},
		mistake{rulesFile, "report:step|import:split", "report:file|import:split", `never "report:file"`},
		mistake{rulesFile, "unless on (kind)", "unless on (queue)", `has no label "queue"`},
		mistake{rulesFile, "longshore_accept_seconds_bucket", "longshore_accept_seconds", "no metric is named"},
		mistake{rulesFile, "the janitor fails at {{ $labels.duty }}", "the janitor fails at {{ $labels.kind }}", "the result does not have"},
		mistake{rulesFile, "longshore:accepts_failed:ratio_rate5m >", "longshore:accepts_fail:ratio_rate5m >", "no metric is named"},
	)
}

// panel is what a dashboard's JSON says of a panel, as far as it matters here.
type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []struct{ Expr, LegendFormat string }
}

type dashboard struct {
	ID         *int
	UID, Title string
	Panels     []panel
}

// uid names a datasource, or the dashboard.
var uid = regexp.MustCompile(`"uid": "([^"]*)"`)

// grafana stands for what Grafana puts in the place of its variables.
var grafana = strings.NewReplacer("$__rate_interval", "5m")

func TestTheDashboardNamesWhatTheCodeShows(t *testing.T) {
	t.Parallel()
	hold(t, wrongPanels,
		mistake{dashboardFile, "longshore_records_total", "longshore_record_total", "no metric is named"},
		mistake{dashboardFile, "sum by (outcome)", "sum by (state)", "Records by outcome: "},
		mistake{dashboardFile, "{{outcome}}", "{{status}}", "the result does not have"},
		mistake{dashboardFile, "max by (kind) (longshore_due_chunks", "max by (kind (longshore_due_chunks", "parse error"},
		mistake{dashboardFile, `"unit": "s"`, `"unit": ""`, "has no unit"},
		mistake{dashboardFile, `"description": "499`, `"desc": "499`, "has no description"},
		mistake{dashboardFile, `"uid": "${datasource}"`, `"uid": "P1809F7CD0C75ACF3"`, "not the variable"},
		mistake{dashboardFile, `"id": 4,`, `"id": 3,`, "its id 3 is that of another"},
		mistake{dashboardFile, `"title": "Longshore"`, `"id": 7, "title": "Longshore"`, "bound to one Grafana"},
	)
}

func wrongPanels(t *testing.T, all papers) []string {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(all[dashboardFile]), &d); err != nil {
		return []string{err.Error()}
	}
	known, seen := readCatalog(t, all), make(map[int]bool)
	var problems []string
	for _, match := range uid.FindAllStringSubmatch(all[dashboardFile], -1) {
		if match[1] != "${datasource}" && match[1] != d.UID {
			problems = append(problems, fmt.Sprintf("the datasource %s is not the variable", match[1]))
		}
	}
	if d.ID != nil {
		problems = append(problems, "the dashboard's id is bound to one Grafana")
	}
	for _, p := range d.Panels {
		if seen[p.ID] {
			problems = append(problems, fmt.Sprintf("%s: its id %d is that of another", p.Title, p.ID))
		}
		seen[p.ID] = true
		if p.Type == "row" {
			continue
		}
		problems = append(problems, p.check()...)
		for _, target := range p.Targets {
			problems = append(problems, expression{p.Title, grafana.Replace(target.Expr), target.LegendFormat}.check(known)...)
		}
	}
	return problems
}

func (p panel) check() []string {
	var problems []string
	for want, missing := range map[string]bool{
		"has no description":           p.Description == "",
		"has no unit":                  p.FieldConfig.Defaults.Unit == "",
		"shows nothing":                len(p.Targets) == 0,
		"does not fit into 24 columns": p.GridPos.X+p.GridPos.W > 24 || p.GridPos.W == 0,
	} {
		if missing {
			problems = append(problems, p.Title+": "+want)
		}
	}
	return problems
}
