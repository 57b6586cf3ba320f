package monitoring

import (
	"os"
	"path/filepath"
	"testing"

	client "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/longshore-io/longshore/pkg/metrics"
)

// names are sets of labels.
type names map[string]bool

func setOf(all ...string) names {
	set := make(names)
	for _, name := range all {
		set[name] = true
	}
	return set
}

// fromTarget are the labels that Prometheus and a PodMonitor give to everything that they scrape.
var fromTarget = []string{"job", "instance", "namespace", "pod", "container", "endpoint"}

// catalog is what may be named.
type catalog struct {
	// labels are those of every metric, by its name as Prometheus stores it.
	labels map[string]names
	// values are those of the labels that have few, by the label's name.
	values map[string]names
}

// readCatalog asks the code for what it shows.
func readCatalog(t *testing.T, all papers) catalog {
	t.Helper()
	known := map[string]names{
		"up":     setOf(fromTarget...),
		"ALERTS": setOf("alertname", "alertstate", "severity"),
	}
	values := map[string]names{"service": services(t), "result": results(), "state": setOf(), "kind": setOf()}
	registry := metrics.NewRegistry() // the process and the Go runtime
	registry.MustRegister(metrics.Catalog()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		add(known, family)
		addValues(values, family)
	}
	eachRule(t, all, func(rule rulefmt.Rule) {
		if rule.Record != "" {
			known[rule.Record] = setOf()
		}
	})
	return catalog{known, values}
}

// services are the folders of services.
func services(t *testing.T) names {
	t.Helper()
	folders, err := os.ReadDir(filepath.Join(root(t), "services"))
	if err != nil {
		t.Fatal(err)
	}
	found := setOf()
	for _, folder := range folders {
		found[folder.Name()] = true
	}
	return found
}

// results are what may come of a step, and of a duty.
func results() names {
	found := setOf("ok", "error")
	for _, result := range []metrics.StepResult{
		metrics.StepCommitted, metrics.StepNothing, metrics.StepHeld, metrics.StepForgiven, metrics.StepFailed, metrics.StepEnded,
		metrics.StepRefused,
	} {
		found[string(result)] = true
	}
	return found
}

// addValues adds those that a family shows from the start.
func addValues(values map[string]names, family *client.MetricFamily) {
	for _, one := range family.GetMetric() {
		for _, pair := range one.GetLabel() {
			if seen := values[pair.GetName()]; seen != nil {
				seen[pair.GetValue()] = true
			}
		}
	}
}

// add adds what Prometheus makes of a family: three series of a histogram.
func add(known map[string]names, family *client.MetricFamily) {
	labels := fromTarget
	for _, pair := range family.GetMetric()[0].GetLabel() {
		labels = append(labels, pair.GetName())
	}
	if family.GetType() != client.MetricType_HISTOGRAM {
		known[family.GetName()] = setOf(labels...)
		return
	}
	for _, suffix := range []string{"_sum", "_count"} {
		known[family.GetName()+suffix] = setOf(labels...)
	}
	known[family.GetName()+"_bucket"] = setOf(append(labels, "le")...)
}
