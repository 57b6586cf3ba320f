package check

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/longshore-io/longshore/deploy/local/programs"
	"github.com/longshore-io/longshore/deploy/local/programstest"
	"github.com/longshore-io/longshore/pkg/config"
	"github.com/longshore-io/longshore/pkg/service"
)

// TestPrograms gives each built program the variables of its container.
func TestPrograms(t *testing.T) {
	t.Parallel()
	for _, overlay := range []string{base, dev, prod} {
		for _, problem := range rejectedVariables(t, render(t, overlay)) {
			t.Errorf("%s: %s", overlay, problem)
		}
	}
}

// rejectedVariables returns the variables that the programs do not accept.
func rejectedVariables(t *testing.T, objects []*unstructured.Unstructured) (problems []string) {
	t.Helper()
	cluster, _ := read(t, objects)
	for _, w := range cluster.ours() {
		got, err := programs.ReadConfiguration(t.Context(), programstest.Programs(t), w.program(), w.environ())
		if err != nil {
			problems = append(problems, w.String()+": "+err.Error())
		}
		for _, name := range got.Unknown {
			problems = append(problems, w.component()+" does not read "+name)
		}
	}
	return problems
}

// loggedAddress matches the address of the admin listener in its log.
var loggedAddress = regexp.MustCompile(`addr=(\S+)`)

// TestProbePaths requests every path that the manifests use from a real admin listener.
func TestProbePaths(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	deps, err := service.OpenQueue(t.Context(), service.Env{Log: slog.New(slog.NewTextHandler(&logged, nil))}, service.Options{
		Redis: config.Redis{URL: "redis://127.0.0.1:1/0"}, Admin: config.Admin{Addr: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(deps.Close)
	for _, path := range append([]string{"/metrics"}, probePaths...) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+loggedAddress.FindStringSubmatch(logged.String())[1]+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusNotFound {
			t.Errorf("GET %s = %d, want an answer", path, response.StatusCode)
		}
	}
}
