package check

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/longshore-io/longshore/deploy/local/programs"
)

// adminPort is the name of the port for health and metrics.
const adminPort = "admin"

// migrate is the name of the program, and of its Job, that migrates the schema.
const migrate = "migrate"

// programs: every program, and the Job of the collections, is deployed once, in a container of its name.
func (c *checker) programs() {
	for _, program := range append(programs.Programs(), programs.Service{Name: collectionsJob}) {
		count := 0
		for _, w := range c.workloads {
			if w.component() == program.Name && w.container.Name == program.Name {
				count++
			}
		}
		if count != 1 {
			c.addf("the program %s is deployed %d times in a container of its name", program.Name, count)
		}
	}
}

// commands: programs run without arguments, as services, except the Job of the collections. It stores the
// files of an optional ConfigMap.
func (c *checker) commands() {
	for _, w := range c.ours() {
		words := slices.Concat(w.container.Command, w.container.Args)
		var want []string
		if w.component() == collectionsJob {
			want = []string{"collections", "apply", optionalFolder(w)}
		}
		if !slices.Equal(words, want) {
			c.addf("%s: it runs %q, not %q", w, words, want)
		}
	}
}

// optionalFolder returns where the container has the files of an optional ConfigMap.
func optionalFolder(w *workload) string {
	for _, volume := range w.pod.Spec.Volumes {
		if volume.ConfigMap == nil || volume.ConfigMap.Optional == nil || !*volume.ConfigMap.Optional {
			continue
		}
		for _, mount := range w.container.VolumeMounts {
			if mount.Name == volume.Name {
				return mount.MountPath
			}
		}
	}
	return "the folder of an optional ConfigMap"
}

// probePaths are the paths of the three probes. A test requests them from the admin listener.
var probePaths = []string{"/startupz", "/livez", "/readyz"}

// probes: a service has all three probes, on the admin listener.
func (c *checker) probes() {
	for _, w := range c.ourServices() {
		for i, probe := range []*corev1.Probe{w.container.StartupProbe, w.container.LivenessProbe, w.container.ReadinessProbe} {
			if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != probePaths[i] || probe.HTTPGet.Port.StrVal != adminPort {
				c.addf("%s: it has no probe of %s on the port %s", w, probePaths[i], adminPort)
			}
		}
	}
}

// listeners maps the variable of a listener's address to the name of its port.
var listeners = map[string]string{"LONGSHORE_ADDR": "http", "LONGSHORE_CONSOLE_ADDR": "http", "LONGSHORE_ADMIN_ADDR": adminPort}

// ports: the declared ports of a container are those that its variables set, on all addresses.
func (c *checker) ports() {
	for _, w := range c.ours() {
		declared, listening := map[string]string{}, map[string]string{}
		for _, port := range w.container.Ports {
			declared[port.Name] = ":" + strconv.Itoa(int(port.ContainerPort))
		}
		for variable, port := range listeners {
			if address, ok := w.env[variable]; ok {
				listening[port] = address
			}
		}
		if !maps.Equal(declared, listening) {
			c.addf("%s: it listens on %v, and declares the ports %v", w, listening, declared)
		}
	}
	for _, service := range c.services {
		for _, w := range c.workloads {
			if !selects(service.Spec.Selector, w.pod.Labels) {
				continue
			}
			for _, port := range service.Spec.Ports {
				if !hasPort(w, port.TargetPort.StrVal) {
					c.addf("Service %s: its target port %s is no port of %s", service.Name, port.TargetPort.String(), w)
				}
			}
		}
	}
}

func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return len(selector) > 0
}

func hasPort(w *workload, name string) bool {
	return slices.ContainsFunc(w.container.Ports, func(p corev1.ContainerPort) bool { return p.Name == name })
}

// The share of the memory limit that GOMEMLIMIT allows the Go heap. The rest is for memory that the
// Go runtime does not count.
const minHeap, maxHeap = 0.85, 0.95

// memory: garbage collection becomes more frequent before the kernel kills the process.
func (c *checker) memory() {
	for _, w := range c.ourServices() {
		limit := w.container.Resources.Limits.Memory().AsApproximateFloat64()
		heap, err := resource.ParseQuantity(strings.TrimSuffix(w.env["GOMEMLIMIT"], "B")) // Go writes 460MiB for 460Mi
		if share := heap.AsApproximateFloat64() / limit; err != nil || share < minHeap || share > maxHeap {
			c.addf("%s: GOMEMLIMIT (%s) is not about nine tenths of its memory limit", w, w.env["GOMEMLIMIT"])
		}
	}
}

// spread: the pods of a service are spread over zones and over hosts, each service by itself.
func (c *checker) spread() {
	for _, w := range c.ourServices() {
		var over []string
		for _, constraint := range w.pod.Spec.TopologySpreadConstraints {
			if slices.Contains(c.selected(constraint.LabelSelector), w) && slices.Contains(constraint.MatchLabelKeys, "app.kubernetes.io/name") {
				over = append(over, constraint.TopologyKey)
			}
		}
		for _, key := range []string{corev1.LabelTopologyZone, corev1.LabelHostname} {
			if !slices.Contains(over, key) {
				c.addf("%s: its own pods are not spread over %s", w, key)
			}
		}
	}
}
