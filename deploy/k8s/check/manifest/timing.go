package manifest

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
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
			needed := slack + deadlines(w, variables, want, found)
			if _, served := portNamed(w.Template.Spec, "http"); served && duration(w, variables, "LONGSHORE_DRAIN_DELAY", found) == 0 {
				found.addf("%s: it stops listening before anybody has heard that it is not ready", w)
			}
			grace := time.Second * time.Duration(value(w.Template.Spec.TerminationGracePeriodSeconds))
			if grace < needed {
				found.addf("%s: it is killed after %s, and may need %s to end", w, grace, needed)
			}
		}
	}
}

// deadlines is how long the program may take to end, by its own deadlines, one after the other.
func deadlines(w Workload, variables map[string]string, want Expectations, found *problems) time.Duration {
	return duration(w, variables, "LONGSHORE_DRAIN_DELAY", found) + duration(w, variables, "LONGSHORE_SHUTDOWN_GRACE", found) + want.Cleanup
}

// jobs: the pods of a Job that has given up are there to be asked why, and the pauses between its tries
// are shorter than others wait for it.
func jobs(c *Cluster, _ Expectations, found *problems) {
	for _, w := range c.Workloads {
		if w.Job == nil {
			continue
		}
		if w.Template.Spec.RestartPolicy != corev1.RestartPolicyNever {
			found.addf("%s: when it gives up, its pod is deleted with its log (restartPolicy: Never)", w)
		}
		for _, waiting := range c.Workloads {
			if waiting.Rollout == nil || len(waiting.Template.Spec.Containers) == 0 {
				continue
			}
			wait, tries := duration(waiting, c.environment(waiting.Template.Spec.Containers[0]), "LONGSHORE_DB_WAIT", found), tries(w.Job.BackoffLimit)
			if wait > 0 && wait < tries {
				found.addf("%s: it is tried for %s, and %s waits for %s", w, tries, waiting, wait)
			}
		}
	}
}

// The pause before a Job's first repetition, and the longest: each is twice the one before it (Kubernetes' documentation, "Pod backoff failure policy").
const firstPause, longestPause = 10 * time.Second, 6 * time.Minute

// tries is how long a Job pauses in all before it gives up. Kubernetes' own limit is 6.
func tries(limit *int32) (all time.Duration) {
	repetitions := int32(6)
	if limit != nil {
		repetitions = *limit
	}
	pause := firstPause
	for range repetitions {
		all += pause
		pause = min(2*pause, longestPause)
	}
	return all
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
