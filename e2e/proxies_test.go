package e2e

import (
	"testing"

	"github.com/longshore-io/longshore/e2e/stack"
	"github.com/longshore-io/longshore/e2e/tool"
)

// TestStackWithProxies: every service works through fault proxies of its own, and the workers go on
// after all their connections were reset.
func TestStackWithProxies(t *testing.T) {
	t.Parallel()
	workers := []string{"importer", "searcher", "reporter", "janitor"}
	s := stack.Start(t, stack.Options{Proxied: append(workers, "api")})
	s.WaitFor(s.SubmitJSON(tool.SampleJSON), "Succeeded")
	if s.Redis("importer", 0).Connections() == 0 {
		t.Error("the importer has no connection to Redis through its proxy")
	}
	for _, worker := range workers {
		if s.Postgres(worker, 0).Connections() == 0 {
			t.Errorf("the %s has no connection to Postgres through its proxy", worker)
		}
		s.Postgres(worker, 0).Reset()
		s.Redis(worker, 0).Reset()
	}
	s.WaitFor(s.SubmitJSON(tool.SampleJSON), "Succeeded")
}
