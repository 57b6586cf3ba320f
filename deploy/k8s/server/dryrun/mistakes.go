package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// mistake changes an object so that the server must reject it with an error that contains want.
type mistake struct {
	kind, name string
	change     func(object *unstructured.Unstructured) error
	want       string
}

// set returns a change that sets the value at a path.
func set(value any, path ...string) func(*unstructured.Unstructured) error {
	return func(o *unstructured.Unstructured) error { return unstructured.SetNestedField(o.Object, value, path...) }
}

// drop returns a change that removes the value at a path.
func drop(path ...string) func(*unstructured.Unstructured) error {
	return func(o *unstructured.Unstructured) error {
		unstructured.RemoveNestedField(o.Object, path...)
		return nil
	}
}

var mistakes = map[string]mistake{
	"a pod without a security context": {"Pod", "importer", drop("spec", "securityContext"), "violates PodSecurity"},
	"a workload of such pods":          {"Deployment", "importer", drop("spec", "template", "spec", "securityContext"), "would violate PodSecurity"},
	"an unknown field":                 {"Deployment", "api", set("1", "spec", "template", "spec", "terminationGracePeriod"), "terminationGracePeriod"},
	"a value of another type":          {"Deployment", "api", set("five", "spec", "minReadySeconds"), "minReadySeconds"},
	"a selector of other pods":         {"Deployment", "api", set("apis", "spec", "selector", "matchLabels", "app.kubernetes.io/name"), "selector"},
	"a minimum above the maximum":      {"HorizontalPodAutoscaler", "api", set(int64(20), "spec", "minReplicas"), "maxReplicas"},
	"an invalid port name":             {"NetworkPolicy", "to-api", set([]any{map[string]any{"ports": []any{map[string]any{"port": "a port"}}}}, "spec", "ingress"), "port"},
	"an unknown field of KEDA":         {"ScaledObject", "importer", set(int64(1), "spec", "coolDownPeriod"), "coolDownPeriod"},
	"no trigger":                       {"ScaledObject", "importer", drop("spec", "triggers"), "triggers"},
	"an unknown field of Prometheus":   {"PodMonitor", "longshore", set("admin", "spec", "podMetricEndpoints"), "podMetricEndpoints"},
}

// applyMistakes returns an error for each mistake that the server accepts, or rejects for another
// reason.
func (c *cluster) applyMistakes(ctx context.Context, out io.Writer, objects []*unstructured.Unstructured) error {
	var all []*unstructured.Unstructured
	for _, object := range objects {
		all = append(append(all, object), podsOf(object)...)
	}
	var accepted error
	rejected := 0
	for name, m := range mistakes {
		changed, err := m.of(all)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := c.dryRun(ctx, changed); err == nil || !strings.Contains(err.Error(), m.want) {
			accepted = errors.Join(accepted, fmt.Errorf("%s: the error is %w, want one with %q", name, cmp.Or(err, errors.New("nil")), m.want))
			continue
		}
		rejected++
	}
	printf(out, "prod with mistakes: %d of %d rejected\n", rejected, len(mistakes))
	return accepted
}

// of returns the object with the mistake in it.
func (m mistake) of(objects []*unstructured.Unstructured) (*unstructured.Unstructured, error) {
	for _, object := range objects {
		if object.GetKind() == m.kind && object.GetName() == m.name {
			changed := object.DeepCopy()
			return changed, m.change(changed)
		}
	}
	return nil, fmt.Errorf("there is no %s %s", m.kind, m.name)
}
