// Package check checks the Kubernetes manifests without a cluster: their schemas, the profile
// "restricted" of Pod Security, kube-score, and the rules that only this repository knows.
package check

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

// provided are the objects that are created by hand before an overlay is installed.
var provided = []string{"Secret longshore", "Secret longshore-console", "Secret postgres", "ConfigMap longshore-collections"}

// checker applies the rules to one overlay and collects the problems.
type checker struct {
	*cluster

	// triggerKeys are the metadata that KEDA's postgresql scaler reads.
	triggerKeys []string
	problems    []string
}

func (c *checker) addf(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// check returns every problem of an overlay's objects, except those that only the programs know.
func check(objects []*unstructured.Unstructured, known schemas, triggerKeys []string) []string {
	cluster, problems := readCluster(objects, known)
	c := checker{cluster: cluster, triggerKeys: triggerKeys, problems: problems}
	for _, rule := range []func(){
		c.programs, c.commands, c.images, c.probes, c.ports, c.memory, c.spread, c.rollout, c.ending, c.jobs, c.startup,
		c.references, c.scalers, c.connections, c.ingresses, c.policies, c.dns, c.monitoring, c.podSecurity,
	} {
		rule()
	}
	scored, err := kubeScore(objects)
	if err != nil { // such as a value of another type
		c.addf("kube-score: %v", err)
	}
	return append(c.problems, scored...)
}

// ours returns the workloads that run a program of this repository. The others are the servers of
// the overlay dev.
func (c *cluster) ours() []*workload {
	return slices.DeleteFunc(slices.Clone(c.workloads), func(w *workload) bool {
		return !slices.ContainsFunc(programs.Programs(), func(p programs.Service) bool { return p.Name == w.program() })
	})
}

// ourServices returns the Deployments among ours: all but the Jobs.
func (c *cluster) ourServices() []*workload {
	return slices.DeleteFunc(c.ours(), func(w *workload) bool { return w.deployment == nil })
}

// environ returns the variables of the workload, NAME=value each, with what its program requires and its
// command does not.
func (w *workload) environ() (variables []string) {
	for name, value := range w.env {
		variables = append(variables, name+"="+value)
	}
	if w.component() == collectionsJob {
		variables = append(variables, "REDIS_URL=redis://unused")
	}
	return variables
}
