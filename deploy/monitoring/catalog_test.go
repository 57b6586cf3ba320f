package monitoring

import (
	"os"
	"testing"

	client "github.com/prometheus/client_model/go"

	"github.com/longshore-io/longshore/pkg/metrics"
)

// set is a set of names.
type set map[string]bool

func setOf(names ...string) set {
	s := make(set)
	for _, name := range names {
		s[name] = true
	}
	return s
}

// targetLabels are the labels that Prometheus and the PodMonitor add to all metrics.
var targetLabels = []string{"job", "instance", "namespace", "pod", "container", "endpoint"}

// catalog contains the metrics that expressions may use.
type catalog struct {
	// labels are the labels of each series, by its name in Prometheus.
	labels map[string]set
	// values are the values of labels with few values, by the name of the label.
	values map[string]set
}

// readCatalog returns the metrics of pkg/metrics, of Prometheus itself and of the recording rules.
func readCatalog(t *testing.T) catalog {
	t.Helper()
	c := catalog{
		labels: map[string]set{"up": setOf(targetLabels...), "ALERTS": setOf("alertname", "alertstate", "severity")},
		values: map[string]set{"service": services(t), "result": setOf("ok", "error"), "state": {}, "kind": {}},
	}
	for _, result := range metrics.StepResults() {
		c.values["result"][string(result)] = true
	}
	registry := metrics.NewRegistry()
	registry.MustRegister(metrics.Catalog()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		c.add(family)
	}
	for _, rule := range readRules(t) {
		if rule.Record != "" {
			c.labels[rule.Record] = set{}
		}
	}
	return c
}

// add adds the series of a metric family, and the values of its labels.
func (c catalog) add(family *client.MetricFamily) {
	names := setOf(targetLabels...)
	for _, metric := range family.GetMetric() {
		for _, pair := range metric.GetLabel() {
			names[pair.GetName()] = true
			if values := c.values[pair.GetName()]; values != nil {
				values[pair.GetValue()] = true
			}
		}
	}
	if family.GetType() != client.MetricType_HISTOGRAM {
		c.labels[family.GetName()] = names
		return
	}
	c.labels[family.GetName()+"_sum"], c.labels[family.GetName()+"_count"] = names, names
	bucket := setOf("le")
	for name := range names {
		bucket[name] = true
	}
	c.labels[family.GetName()+"_bucket"] = bucket
}

// services returns the names of the services.
func services(t *testing.T) set {
	t.Helper()
	directories, err := os.ReadDir(root("services"))
	if err != nil {
		t.Fatal(err)
	}
	names := set{}
	for _, directory := range directories {
		names[directory.Name()] = true
	}
	return names
}
