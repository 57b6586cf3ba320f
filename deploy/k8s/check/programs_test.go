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

// TestProgramsTakeTheirVariables gives each built program what its container gets.
func TestProgramsTakeTheirVariables(t *testing.T) {
	t.Parallel()
	for _, overlay := range overlays {
		for _, problem := range refusedVariables(t, mustRender(t, overlay)) {
			t.Errorf("%s: %s", overlay, problem)
		}
	}
}

// refusedVariables is what the programs say against their variables.
func refusedVariables(t *testing.T, objects []*unstructured.Unstructured) (problems []string) {
	t.Helper()
	cluster, want, _ := read(t, objects)
	environments := cluster.Environments(want)
	for _, program := range want.Programs {
		got, err := programs.ReadConfiguration(t.Context(), programstest.Programs(t), program, environments[program])
		if err != nil {
			problems = append(problems, err.Error())
		}
		for _, name := range got.Unknown {
			problems = append(problems, program+" does not read "+name)
		}
	}
	return problems
}

// address finds in the log where the admin listener is.
var address = regexp.MustCompile(`addr=(\S+)`)

// TestProbesAskWhatIsAnswered: each path of a probe is one that a service answers by itself, whatever the answer is.
func TestProbesAskWhatIsAnswered(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	deps, err := service.OpenQueue(t.Context(), service.Env{Log: slog.New(slog.NewTextHandler(&said, nil))}, service.Options{
		Redis: config.Redis{URL: "redis://127.0.0.1:1/0"}, Admin: config.Admin{Addr: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(deps.Close)
	want, err := expectations()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append([]string{"/metrics"}, want.ProbePaths...) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address.FindStringSubmatch(said.String())[1]+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusNotFound {
			t.Errorf("nobody answers at %s", path)
		}
	}
}
