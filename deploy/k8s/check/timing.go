package check

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/longshore-io/longshore/pkg/queue"
)

// slack is the time for a process to exit after its last deadline.
const slack = 3 * time.Second

// duration returns the value of a variable, or 0. The programs themselves reject other values.
func (w *workload) duration(variable string) time.Duration {
	d, _ := time.ParseDuration(w.env[variable])
	return d
}

// shutdown returns the maximum time of a program's shutdown by its own deadlines, which follow each
// other.
func (w *workload) shutdown() time.Duration {
	return w.duration("LONGSHORE_DRAIN_DELAY") + w.duration("LONGSHORE_SHUTDOWN_GRACE") + queue.CleanupGrace
}

// rollout: during an update a new pod is ready before an old one stops.
func (c *checker) rollout() {
	for _, w := range c.ourServices() {
		strategy := w.deployment.Strategy
		rolling := strategy.RollingUpdate
		if strategy.Type != appsv1.RollingUpdateDeploymentStrategyType || rolling == nil ||
			rolling.MaxUnavailable.String() != "0" || rolling.MaxSurge.String() == "0" {
			c.addf("%s: an update stops a pod before another one is ready", w)
		}
	}
}

// ending: the kubelet kills a pod only after the program's own deadlines.
func (c *checker) ending() {
	for _, w := range c.ourServices() {
		if hasPort(w, "http") && w.duration("LONGSHORE_DRAIN_DELAY") == 0 {
			c.addf("%s: it stops listening before the proxies know that it is not ready", w)
		}
		grace := time.Second * time.Duration(value(w.pod.Spec.TerminationGracePeriodSeconds))
		if needed := w.shutdown() + slack; grace < needed {
			c.addf("%s: it is killed after %s, and its shutdown may take %s", w, grace, needed)
		}
	}
}

// jobs: the pods of a failed Job stay, with their logs, and the pauses between the attempts at the
// migration are shorter than the time that the other programs with Postgres wait for it.
func (c *checker) jobs() {
	for _, job := range c.workloads {
		if job.job == nil {
			continue
		}
		if job.pod.Spec.RestartPolicy != corev1.RestartPolicyNever {
			c.addf("%s: when it fails, its pod is deleted with its log (restartPolicy: Never)", job)
		}
		if job.program() != migrate {
			continue
		}
		for _, w := range c.ours() {
			if wait, pauses := w.duration("LONGSHORE_DB_WAIT"), backoff(job.job.BackoffLimit); w != job && w.env["DATABASE_URL"] != "" && wait < pauses {
				c.addf("%s: it is retried for %s, and %s waits for %s", job, pauses, w, wait)
			}
		}
	}
}

// The pause before the first retry of a Job, which doubles with every retry, and its maximum
// (Kubernetes' documentation, "Pod backoff failure policy").
const minPause, maxPause = 10 * time.Second, 6 * time.Minute

// backoff returns the sum of all pauses of a Job. The default limit is 6 retries.
func backoff(limit *int32) (sum time.Duration) {
	retries := int32(6)
	if limit != nil {
		retries = *limit
	}
	pause := minPause
	for range retries {
		sum += pause
		pause = min(2*pause, maxPause)
	}
	return sum
}

// startup: a service whose migration does not finish logs this and exits, before its startup probe
// fails, and before the update counts as failed.
func (c *checker) startup() {
	for _, w := range c.ourServices() {
		if w.container.StartupProbe == nil {
			continue // the rule probes reports it
		}
		wait := w.duration("LONGSHORE_DB_WAIT")
		probe := time.Second * time.Duration(w.container.StartupProbe.PeriodSeconds*w.container.StartupProbe.FailureThreshold)
		progress := time.Second * time.Duration(value(w.deployment.ProgressDeadlineSeconds))
		if wait >= probe || probe >= progress {
			c.addf("%s: LONGSHORE_DB_WAIT (%s) must be shorter than its startup probe (%s), and that than progressDeadlineSeconds (%s)",
				w, wait, probe, progress)
		}
	}
}
