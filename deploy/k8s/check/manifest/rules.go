package manifest

import (
	"fmt"
	"slices"
	"time"
)

// Expectations are what is true outside of the manifests.
type Expectations struct {
	// Programs are the names of all programs that are deployed.
	Programs []string
	// Secrets and ConfigMaps are those that people bring who install an overlay.
	Secrets, ConfigMaps []string
	// ClientLabels mark the pods of other people's that may speak to ours.
	ClientLabels []string
	// Cleanup is how long a worker may take beyond its LONGSHORE_SHUTDOWN_GRACE.
	Cleanup time.Duration
	// TriggerKeys are the names that KEDA's postgresql scaler reads from a trigger's metadata.
	TriggerKeys []string
	// ProbePaths are the paths that the admin listener answers.
	ProbePaths []string
}

// problems collects what is wrong.
type problems []string

func (p *problems) addf(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// rules are all that an overlay is held to.
var rules = []func(*Cluster, Expectations, *problems){
	everyProgram, images, selectors, budgets, services, ingresses, asks, publicAddresses,
	probes, ports, resources, memory, restricted, spread, rollout, ending, jobs, startup,
	references, autoscalers, scaledObjects, oneScalerEach, connections, policies, everyPodIsClosed, names, monitors,
}

// Problems returns every way in which the cluster breaks a rule, in the order of the rules.
func (c *Cluster) Problems(want Expectations) []string {
	var found problems
	for _, rule := range rules {
		rule(c, want, &found)
	}
	return found
}

// ours reports whether the workload runs a program of this repository; others are the servers of the overlay dev.
func (w Workload) ours(want Expectations) bool { return slices.Contains(want.Programs, w.program()) }

// program is the name of the workload's program, which its label tells.
func (w Workload) program() string { return w.Template.Labels["app.kubernetes.io/name"] }
