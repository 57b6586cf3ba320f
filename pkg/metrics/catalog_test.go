package metrics_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/longshore-io/longshore/pkg/metrics"
)

// TestTheCatalogShowsEveryMetric: a name that stands in the code of this package is shown by the catalog.
func TestTheCatalogShowsEveryMetric(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(metrics.Catalog()...)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	shown := make(map[string]bool)
	for _, family := range families {
		shown[family.GetName()] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`"(longshore_[a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
			if !strings.HasSuffix(file, "_test.go") && !shown[name[1]] {
				t.Errorf("%s: the catalog does not show %s", file, name[1])
			}
		}
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
