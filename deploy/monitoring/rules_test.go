package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRules runs `promtool check rules` and `promtool test rules` with rules_test.yaml.
func TestRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules, tests := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "rules_test.yaml")
	for file, content := range map[string][]byte{rules: ruleGroups(t), tests: []byte(readFile(t, testsFile))} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", rules)
	promtool(t, "test", "rules", tests)
}

// promtool runs promtool from its own module. The first build takes about two minutes, later ones
// are cached. It is built without service discovery, which needs the clients of all clouds.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"tool", "promtool"}, args...)...)
	cmd.Dir = root("deploy/tools/promtool")
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-trimpath -tags=remove_all_sd")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args[:2], " "), err, output)
	}
}

// TestEveryAlertHasATest checks that rules_test.yaml contains a test in which each alert fires, with
// each of its severities.
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
