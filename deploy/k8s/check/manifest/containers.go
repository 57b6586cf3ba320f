package manifest

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// adminPort is the name of the port of health and metrics.
const adminPort = "admin"

// leastUser keeps the pods' user apart from the users of a node (kube-score's bound).
const leastUser = 10000

// probes: a service has all three, on the admin listener and at paths that it answers.
func probes(c *Cluster, want Expectations, found *problems) {
	for _, w := range c.Workloads {
		for _, container := range w.Template.Spec.Containers {
			if w.Kind != "Deployment" || !w.ours(want) {
				continue
			}
			for path, probe := range map[string]*corev1.Probe{
				"/startupz": container.StartupProbe, "/livez": container.LivenessProbe, "/readyz": container.ReadinessProbe,
			} {
				switch {
				case probe == nil || probe.HTTPGet == nil:
					found.addf("%s: it has no probe at %s", w, path)
				case probe.HTTPGet.Path != path || !slices.Contains(want.ProbePaths, path):
					found.addf("%s: a probe asks %s where %s is meant", w, probe.HTTPGet.Path, path)
				case probe.HTTPGet.Port.StrVal != adminPort:
					found.addf("%s: its probe at %s asks the port %q and not %s", w, path, probe.HTTPGet.Port.String(), adminPort)
				}
			}
			if _, ok := portNamed(w.Template.Spec, adminPort); !ok {
				found.addf("%s: it has no port %s", w, adminPort)
			}
		}
	}
}

// resources: every container says what it needs and what it may have, except for CPU, which is shared out by what is needed.
func resources(c *Cluster, _ Expectations, found *problems) {
	for _, w := range c.Workloads {
		for _, container := range w.Template.Spec.Containers {
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
				request, limit := container.Resources.Requests[name], container.Resources.Limits[name]
				if request.IsZero() || (name != corev1.ResourceCPU && limit.IsZero()) {
					found.addf("%s: it does not say its %s", w, name)
				}
				if !limit.IsZero() && request.Cmp(limit) > 0 {
					found.addf("%s: it asks for more %s than it may have", w, name)
				}
			}
		}
	}
}

// The share of the memory limit that Go's collector may use: the rest is for what it does not count.
const leastHeap, mostHeap = 0.85, 0.95

// memory: the collector works harder before the kernel ends the process.
func memory(c *Cluster, want Expectations, found *problems) {
	for _, w := range c.Workloads {
		if w.Kind != "Deployment" || !w.ours(want) {
			continue
		}
		for _, container := range w.Template.Spec.Containers {
			limit := container.Resources.Limits.Memory().AsApproximateFloat64()
			said := valueOf(container, "GOMEMLIMIT")
			heap, err := resource.ParseQuantity(strings.TrimSuffix(said, "B")) // 460MiB is Go's word for 460Mi
			if share := heap.AsApproximateFloat64() / limit; err != nil || share < leastHeap || share > mostHeap {
				found.addf("%s: GOMEMLIMIT (%s) is not about nine tenths of its memory limit", w, said)
			}
		}
	}
}

// valueOf returns what a container's manifest says of a variable itself.
func valueOf(container corev1.Container, name string) string {
	for _, variable := range container.Env {
		if variable.Name == name {
			return variable.Value
		}
	}
	return ""
}

// restricted: every pod is what Pod Security's profile "restricted" admits, and more: nothing can be written but what is mounted.
func restricted(c *Cluster, _ Expectations, found *problems) {
	for _, namespace := range c.Namespaces {
		if namespace.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
			found.addf("Namespace %s: it does not enforce Pod Security's profile restricted", namespace.Name)
		}
	}
	for _, w := range c.Workloads {
		spec := w.Template.Spec
		if s := spec.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser <= leastUser ||
			s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			found.addf("%s: its pods' security context is not the restricted one", w)
		}
		if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
			found.addf("%s: its pods get a token for Kubernetes' API, which they do not need", w)
		}
		for _, container := range slices.Concat(spec.InitContainers, spec.Containers) {
			if !restrictedContainer(container.SecurityContext) {
				found.addf("%s: the security context of %s is not the restricted one", w, container.Name)
			}
		}
	}
}

func restrictedContainer(s *corev1.SecurityContext) bool {
	return s != nil && s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation &&
		s.ReadOnlyRootFilesystem != nil && *s.ReadOnlyRootFilesystem && (s.Privileged == nil || !*s.Privileged) &&
		s.Capabilities != nil && slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(s.Capabilities.Add) == 0
}

// listeners says which variable tells the address of which port.
var listeners = map[string]string{"LONGSHORE_ADDR": "http", "LONGSHORE_CONSOLE_ADDR": "http", "LONGSHORE_ADMIN_ADDR": adminPort}

// ports: what a container says of its ports is what its variables say, on all addresses of the pod.
func ports(c *Cluster, want Expectations, found *problems) {
	for _, w := range c.Workloads {
		if !w.ours(want) {
			continue
		}
		for _, container := range w.Template.Spec.Containers {
			open := map[string]bool{}
			for name, value := range c.environment(container) {
				if port := listeners[name]; port != "" {
					open[port] = true
					if declared, ok := portNamed(w.Template.Spec, port); !ok || value != ":"+strconv.Itoa(int(declared.ContainerPort)) {
						found.addf("%s: %s is %q, and the port %s is %d", w, name, value, port, declared.ContainerPort)
					}
				}
			}
			for _, port := range container.Ports {
				if !open[port.Name] {
					found.addf("%s: nothing listens on its port %s", w, port.Name)
				}
			}
		}
	}
}
