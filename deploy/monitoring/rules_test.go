package monitoring

import (
	"strings"
	"testing"
)

// TestEveryAlertHasATest checks that rules_test.yaml, which `make alerts` runs, contains a test in
// which each alert fires, with each of its severities.
func TestEveryAlertHasATest(t *testing.T) {
	t.Parallel()
	tests := readFile(t, testsFile)
	for _, rule := range readRules(t) {
		want := `alertname="` + rule.Alert + `",severity="` + rule.Labels["severity"] + `"`
		if rule.Alert != "" && !strings.Contains(tests, want) {
			t.Errorf("%s has no test in which %s fires", testsFile, want)
		}
	}
}
