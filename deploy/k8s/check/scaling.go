package check

import (
	"slices"
	"strconv"
	"time"
)

// scalers: an autoscaler has possible bounds and a Deployment that no other one scales, and the
// triggers of KEDA contain what its scaler reads and nothing else.
func (c *checker) scalers() {
	count := map[string]int{}
	for _, s := range c.cluster.scalers {
		if s.min < 1 || s.min > s.max {
			c.addf("autoscaler %s: from %d to %d replicas is not possible", s.name, s.min, s.max)
		}
		count[s.target]++
		if count[s.target] > 1 {
			c.addf("Deployment %s: %d autoscalers set its replicas", s.target, count[s.target])
		}
		if w := c.find(s.target); w == nil {
			c.addf("autoscaler %s: there is no Deployment %s", s.name, s.target)
		} else if w.deployment.Replicas != nil {
			c.addf("%s: every apply resets the replicas that the autoscaler %s has set", w, s.name)
		}
	}
	for _, trigger := range c.triggers {
		c.checkTrigger(trigger)
	}
	for _, authentication := range c.authentications {
		for _, secret := range authentication.Spec.SecretTargetRef {
			if secret.Key != "DATABASE_URL_READER" {
				c.addf("TriggerAuthentication %s: it reads the key %s, not the address for the role that only reads", authentication.Name, secret.Key)
			}
		}
	}
}

func (c *checker) checkTrigger(t trigger) {
	if t.Type != "postgresql" {
		c.addf("ScaledObject %s: its trigger is %q and not postgresql, which counts due and running work", t.Scaler, t.Type)
	}
	for key := range t.Metadata {
		if !slices.Contains(c.triggerKeys, key) {
			c.addf("ScaledObject %s: KEDA's postgresql scaler does not read %q", t.Scaler, key)
		}
	}
	if target, err := strconv.ParseFloat(t.Metadata["targetQueryValue"], 64); err != nil || target <= 0 || t.Metadata["query"] == "" {
		c.addf("ScaledObject %s: its trigger needs a query, and a targetQueryValue above 0", t.Scaler)
	}
	if name := "TriggerAuthentication " + t.AuthenticationRef.Name; !c.exists[name] {
		c.addf("ScaledObject %s: there is no %s", t.Scaler, name)
	}
}

// maxReplicas returns the maximum number of pods of a Deployment, except during an update.
func (c *checker) maxReplicas(w *workload) int {
	for _, s := range c.cluster.scalers {
		if s.target == w.name {
			return int(s.max)
		}
	}
	return max(1, int(value(w.deployment.Replicas)))
}

const (
	// connectionsLimit is the annotation with the max_connections that Postgres must have. It is on
	// the config map of all services.
	connectionsLimit = "longshore.io/max-connections"
	// reserved connections are for the Jobs, KEDA's three, backups, people and Postgres' own three.
	reserved = 20
)

// connections: Postgres accepts the connections of all pods at the maximum number of replicas and,
// during an update, those of one more pod of each service and of the old pods that are still
// ending.
func (c *checker) connections() {
	needed := reserved
	for _, w := range c.ourServices() {
		if w.env["DATABASE_URL"] == "" {
			continue
		}
		each, err := strconv.Atoi(w.env["LONGSHORE_DB_MAX_CONNS"])
		if err != nil {
			c.addf("%s: it does not set LONGSHORE_DB_MAX_CONNS", w)
		}
		replicas := c.maxReplicas(w)
		needed += (replicas + 1 + min(replicas, endingPods(w))) * each
	}
	for name, config := range c.configMaps {
		text, ok := config.Annotations[connectionsLimit]
		if !ok {
			continue
		}
		if limit, err := strconv.Atoi(text); err != nil || needed > limit {
			c.addf("ConfigMap %s: Postgres allows %s connections, and %d may be needed", name, text, needed)
		}
		for _, w := range c.workloads { // the overlay's own Postgres
			if w.String() == "StatefulSet postgres" && !slices.Contains(w.container.Args, "max_connections="+text) {
				c.addf("%s: it does not allow %s connections", w, text)
			}
		}
	}
}

// endingPods returns how many old pods of a Deployment can be ending at the same time during an
// update: the controller stops the next one when a new pod has been ready for minReadySeconds.
func endingPods(w *workload) int {
	interval := time.Second * time.Duration(max(1, w.deployment.MinReadySeconds))
	return int((w.shutdown() + interval - 1) / interval)
}
