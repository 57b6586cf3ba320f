package manifest

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// everyProgram: each is deployed once, under its name, with one container of its name.
func everyProgram(c *Cluster, want Expectations, found *problems) {
	for _, program := range want.Programs {
		of := slices.DeleteFunc(slices.Clone(c.Workloads), func(w Workload) bool { return w.program() != program })
		if len(of) != 1 {
			found.addf("the program %s is deployed %d times", program, len(of))
			continue
		}
		if containers := of[0].Template.Spec.Containers; len(containers) != 1 || containers[0].Name != program {
			found.addf("%s: it must have one container, named %s", of[0], program)
		}
	}
}

// selectors: a workload finds its own pods and nobody else's.
func selectors(c *Cluster, _ Expectations, found *problems) {
	for _, w := range c.Workloads {
		if w.Selector == nil {
			continue
		}
		matched, err := c.selected(w.Selector)
		if err != nil || len(matched) != 1 || matched[0].String() != w.String() {
			found.addf("%s: its selector finds the pods of %v (%v)", w, matched, err)
		}
	}
}

// budgets: each finds the pods of something, each Deployment and StatefulSet has one.
func budgets(c *Cluster, _ Expectations, found *problems) {
	covered := map[string]bool{}
	for _, budget := range c.Budgets {
		matched, err := c.selected(budget.Spec.Selector)
		if err != nil || len(matched) == 0 {
			found.addf("PodDisruptionBudget %s: its selector finds no pod (%v)", budget.Name, err)
		}
		for _, w := range matched {
			covered[w.String()] = true
		}
	}
	for _, w := range c.Workloads {
		if w.Kind != "Job" && !covered[w.String()] {
			found.addf("%s: no disruption budget finds its pods", w)
		}
	}
}

// services: each finds pods, and its ports are theirs.
func services(c *Cluster, _ Expectations, found *problems) {
	for _, service := range c.Services {
		selector := labels.SelectorFromSet(service.Spec.Selector)
		matched := 0
		for _, w := range c.Workloads {
			if len(service.Spec.Selector) == 0 || !selector.Matches(labels.Set(w.Template.Labels)) {
				continue
			}
			matched++
			for _, port := range service.Spec.Ports {
				if _, ok := portNamed(w.Template.Spec, port.TargetPort.StrVal); !ok {
					found.addf("Service %s: its target port %q is no port of %s", service.Name, port.TargetPort.String(), w)
				}
			}
		}
		if matched != 1 {
			found.addf("Service %s: its selector finds the pods of %d workloads", service.Name, matched)
		}
	}
}

// portNamed finds a container's port by its name.
func portNamed(pod corev1.PodSpec, name string) (corev1.ContainerPort, bool) {
	for _, container := range pod.Containers {
		for _, port := range container.Ports {
			if name != "" && port.Name == name {
				return port, true
			}
		}
	}
	return corev1.ContainerPort{}, false
}

// spread: the pods of a service are spread over zones and over hosts, each service by itself.
func spread(c *Cluster, want Expectations, found *problems) {
	for _, w := range c.Workloads {
		if w.Kind != "Deployment" || !w.ours(want) {
			continue
		}
		var over []string
		for _, constraint := range w.Template.Spec.TopologySpreadConstraints {
			if !spreadsItself(constraint, w.Template.Labels) {
				found.addf("%s: its spreading over %s does not count its own pods only", w, constraint.TopologyKey)
			}
			over = append(over, constraint.TopologyKey)
		}
		for _, key := range []string{corev1.LabelTopologyZone, corev1.LabelHostname} {
			if !slices.Contains(over, key) {
				found.addf("%s: its pods are not spread over %s", w, key)
			}
		}
	}
}

func spreadsItself(constraint corev1.TopologySpreadConstraint, own labels.Set) bool {
	selector, err := metav1.LabelSelectorAsSelector(constraint.LabelSelector)
	return err == nil && constraint.LabelSelector != nil && selector.Matches(own) &&
		slices.Contains(constraint.MatchLabelKeys, "app.kubernetes.io/name")
}
