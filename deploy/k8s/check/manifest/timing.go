package manifest

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

// slack is for the process to end after its last deadline: closing connections, flushing.
const slack = 3 * time.Second

// rollout: a new pod is ready before an old one stops.
func rollout(c *Cluster, want Expectations, found *problems) {
	for _, w := range c.Workloads {
		if w.Rollout == nil || !w.ours(want) {
			continue
		}
		strategy := w.Rollout.Strategy
		rolling := strategy.RollingUpdate
		if strategy.Type != appsv1.RollingUpdateDeploymentStrategyType || rolling == nil ||
			rolling.MaxUnavailable.String() != "0" || rolling.MaxSurge.String() == "0" {
			found.addf("%s: an update takes a pod away before another one is ready", w)
		}
	}
}

// ending: a pod is not killed before the program's own deadlines are over, one after the other.
func ending(c *Cluster, want Expectations, found *problems) {
	for _, w := range c.Workloads {
		if w.Kind != "Deployment" || !w.ours(want) {
			continue
		}
		for _, container := range w.Template.Spec.Containers {
			variables := c.environment(container)
			needed := slack + want.Cleanup
			for _, name := range []string{"LONGSHORE_DRAIN_DELAY", "LONGSHORE_SHUTDOWN_GRACE"} {
				needed += duration(w, variables, name, found)
			}
			if _, served := portNamed(w.Template.Spec, "http"); served && w.program() == "api" && duration(w, variables, "LONGSHORE_DRAIN_DELAY", found) == 0 {
				found.addf("%s: it stops listening before anybody has heard that it is not ready", w)
			}
			grace := time.Second * time.Duration(value(w.Template.Spec.TerminationGracePeriodSeconds))
			if grace < needed {
				found.addf("%s: it is killed after %s, and may need %s to end", w, grace, needed)
			}
		}
	}
}

// startup: who waits for a migration ends by itself and says so, before it is killed for not having started, and before the update counts
// as failed.
func startup(c *Cluster, want Expectations, found *problems) {
	for _, w := range c.Workloads {
		if w.Rollout == nil || !w.ours(want) {
			continue
		}
		for _, container := range w.Template.Spec.Containers {
			probe := container.StartupProbe
			if probe == nil {
				continue // said elsewhere
			}
			wait := duration(w, c.environment(container), "LONGSHORE_DB_WAIT", found)
			patience := time.Second * time.Duration(probe.PeriodSeconds*probe.FailureThreshold)
			progress := time.Second * time.Duration(value(w.Rollout.ProgressDeadlineSeconds))
			if wait >= patience || patience >= progress {
				found.addf("%s: LONGSHORE_DB_WAIT (%s), its startup probe (%s) and progressDeadlineSeconds (%s) must follow each other", w, wait, patience, progress)
			}
		}
	}
}

// duration reads a variable that may be missing.
func duration(w Workload, variables map[string]string, name string, found *problems) time.Duration {
	said, ok := variables[name]
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(said)
	if err != nil {
		found.addf("%s: %s: %v", w, name, err)
	}
	return d
}

func value[N int32 | int64](p *N) N {
	if p == nil {
		return 0
	}
	return *p
}
