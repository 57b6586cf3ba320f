package manifest

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// autoscalers: an HPA's bounds are in order, its target is there, and asks for the CPU that the HPA counts in.
func autoscalers(c *Cluster, _ Expectations, found *problems) {
	for _, hpa := range c.HPAs {
		target := hpa.Spec.ScaleTargetRef
		w, ok := c.Deployment(target.Name)
		if !ok || target.Kind != "Deployment" {
			found.addf("HorizontalPodAutoscaler %s: there is no %s %s", hpa.Name, target.Kind, target.Name)
			continue
		}
		least := value(hpa.Spec.MinReplicas)
		if least < 1 || least > hpa.Spec.MaxReplicas {
			found.addf("HorizontalPodAutoscaler %s: from %d to %d replicas is not possible", hpa.Name, least, hpa.Spec.MaxReplicas)
		}
		if w.Replicas != nil {
			found.addf("%s: every apply sets its replicas back, which HorizontalPodAutoscaler %s has set", w, hpa.Name)
		}
	}
}

// scaledObjects: the same of KEDA's, and their triggers say what their scaler reads and nothing else.
func scaledObjects(c *Cluster, want Expectations, found *problems) {
	for _, scaled := range c.Scaled {
		spec := scaled.Spec
		w, ok := c.Deployment(spec.ScaleTargetRef.Name)
		if !ok {
			found.addf("ScaledObject %s: there is no Deployment %s", scaled.Name, spec.ScaleTargetRef.Name)
			continue
		}
		if least, most := value(spec.MinReplicaCount), value(spec.MaxReplicaCount); least < 1 || least > most {
			found.addf("ScaledObject %s: from %d to %d replicas is not possible", scaled.Name, least, most)
		}
		if w.Replicas != nil {
			found.addf("%s: every apply sets its replicas back, which KEDA has set", w)
		}
		if len(spec.Triggers) == 0 {
			found.addf("ScaledObject %s: nothing tells how much there is to do", scaled.Name)
		}
		for _, trigger := range spec.Triggers {
			c.checkTrigger(scaled.Name, trigger, want, found)
		}
	}
}

func (c *Cluster) checkTrigger(name string, trigger Trigger, want Expectations, found *problems) {
	if trigger.Type != "postgresql" {
		found.addf("ScaledObject %s: its trigger is %q and not postgresql, which tells what is due and what runs", name, trigger.Type)
	}
	for key := range maps.Keys(trigger.Metadata) {
		if !slices.Contains(want.TriggerKeys, key) {
			found.addf("ScaledObject %s: KEDA's postgresql scaler reads no %q", name, key)
		}
	}
	if trigger.Metadata["query"] == "" {
		found.addf("ScaledObject %s: its trigger has no query", name)
	}
	if target, err := strconv.ParseFloat(trigger.Metadata["targetQueryValue"], 64); err != nil || target <= 0 {
		found.addf("ScaledObject %s: targetQueryValue must be a number above 0", name)
	}
	if ref := trigger.AuthenticationRef.Name; !c.Auths[ref] {
		found.addf("ScaledObject %s: there is no TriggerAuthentication %s", name, ref)
	}
}

// oneScalerEach: two would set the replicas back and forth.
func oneScalerEach(c *Cluster, _ Expectations, found *problems) {
	by := map[string]int{}
	for _, hpa := range c.HPAs {
		by[hpa.Spec.ScaleTargetRef.Name]++
	}
	for _, scaled := range c.Scaled {
		by[scaled.Spec.ScaleTargetRef.Name]++
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if by[name] > 1 {
			found.addf("Deployment %s: %d autoscalers want to set its replicas", name, by[name])
		}
	}
}

// mostReplicas is how many pods of a workload there can be but for an update.
func (c *Cluster) mostReplicas(w Workload) int32 {
	for _, hpa := range c.HPAs {
		if hpa.Spec.ScaleTargetRef.Name == w.Name {
			return hpa.Spec.MaxReplicas
		}
	}
	for _, scaled := range c.Scaled {
		if scaled.Spec.ScaleTargetRef.Name == w.Name {
			return value(scaled.Spec.MaxReplicaCount)
		}
	}
	if w.Replicas == nil {
		return 1
	}
	return *w.Replicas
}

const (
	// connectionsBound is the annotation of the config map of all services that tells what Postgres allows.
	connectionsBound = "longshore.io/max-connections"
	// reserved is what everybody else may need: the migration, KEDA's three, backups, people, Postgres' own three.
	reserved = 20
)

// connections: all pods at their most find room in Postgres, and during an update one more of each and the old ones that are still ending.
func connections(c *Cluster, want Expectations, found *problems) {
	needed := reserved
	for _, w := range c.Workloads {
		for _, container := range w.Template.Spec.Containers {
			variables := c.environment(container)
			if w.Kind != "Deployment" || !w.ours(want) || variables["DATABASE_URL"] == "" {
				continue
			}
			each, err := strconv.Atoi(variables["LONGSHORE_DB_MAX_CONNS"])
			if err != nil {
				found.addf("%s: it does not say LONGSHORE_DB_MAX_CONNS", w)
			}
			most := int(c.mostReplicas(w))
			needed += (most + 1 + min(most, leaving(w, deadlines(w, variables, want, found)))) * each
		}
	}
	for name, config := range c.ConfigMaps {
		said, ok := config.Annotations[connectionsBound]
		if bound, err := strconv.Atoi(said); ok && (err != nil || needed > bound) {
			found.addf("ConfigMap %s: Postgres allows %s connections, and %d may be needed", name, said, needed)
		}
		if ok {
			c.checkServer(said, found)
		}
	}
}

// leaving is how many old pods of a workload may be ending at once during an update: the next one is asked to end when a new one has been
// ready for minReadySeconds, whether the last one has ended or not.
func leaving(w Workload, takes time.Duration) int {
	pace := time.Second * time.Duration(max(1, w.Rollout.MinReadySeconds))
	return int((takes + pace - 1) / pace)
}

// checkServer holds a Postgres of the overlay's own to the same number.
func (c *Cluster) checkServer(bound string, found *problems) {
	for _, w := range c.Workloads {
		if w.Kind == "StatefulSet" && w.Name == "postgres" && !slices.Contains(w.Template.Spec.Containers[0].Args, "max_connections="+bound) {
			found.addf("%s: it does not allow %s connections", w, bound)
		}
	}
}
