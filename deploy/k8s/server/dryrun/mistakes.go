package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// mistake puts something wrong into an object, which the server must refuse with these words among others.
type mistake struct {
	kind, name string
	spoil      func(object *unstructured.Unstructured) error
	want       string
}

// set puts a value at a path.
func set(value any, path ...string) func(*unstructured.Unstructured) error {
	return func(o *unstructured.Unstructured) error { return unstructured.SetNestedField(o.Object, value, path...) }
}

// drop takes what is at a path away.
func drop(path ...string) func(*unstructured.Unstructured) error {
	return func(o *unstructured.Unstructured) error {
		unstructured.RemoveNestedField(o.Object, path...)
		return nil
	}
}

var mistakes = map[string]mistake{
	"a pod without a security context": {"Pod", "importer", drop("spec", "securityContext"), "violates PodSecurity"},
	"a workload of such pods":          {"Deployment", "importer", drop("spec", "template", "spec", "securityContext"), "would violate PodSecurity"},
	"a misspelt field":                 {"Deployment", "api", set("1", "spec", "template", "spec", "terminationGracePeriod"), "terminationGracePeriod"},
	"a value of another type":          {"Deployment", "api", set("five", "spec", "minReadySeconds"), "minReadySeconds"},
	"a selector of other pods":         {"Deployment", "api", set("apis", "spec", "selector", "matchLabels", "app.kubernetes.io/name"), "selector"},
	"HPA bounds the wrong way round":   {"HorizontalPodAutoscaler", "api", set(int64(20), "spec", "minReplicas"), "maxReplicas"},
	"a port name that is none":         {"NetworkPolicy", "to-api", set([]any{map[string]any{"ports": []any{map[string]any{"port": "a port"}}}}, "spec", "ingress"), "port"},
	"a misspelt field of KEDA's":       {"ScaledObject", "importer", set(int64(1), "spec", "coolDownPeriod"), "coolDownPeriod"},
	"no trigger":                       {"ScaledObject", "importer", drop("spec", "triggers"), "triggers"},
	"a misspelt field of Prometheus'":  {"PodMonitor", "longshore", set("admin", "spec", "podMetricEndpoints"), "podMetricEndpoints"},
}

// offerMistakes returns an error for each mistake that the server takes, or refuses for another reason.
func (c *cluster) offerMistakes(ctx context.Context, out io.Writer, objects []*unstructured.Unstructured) error {
	var all []*unstructured.Unstructured
	for _, object := range objects {
		all = append(append(all, object), podsOf(object)...)
	}
	var taken error
	refused := 0
	for what, m := range mistakes {
		spoiled, err := m.of(all)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if err := c.dryRun(ctx, spoiled); err == nil || !strings.Contains(err.Error(), m.want) {
			taken = errors.Join(taken, fmt.Errorf("%s is not refused as such: %w", what, errors.Join(err, errors.New("it says nothing of "+m.want))))
			continue
		}
		refused++
	}
	said(out, "prod with mistakes: %d of %d refused\n", refused, len(mistakes))
	return taken
}

// of returns the object with the mistake in it.
func (m mistake) of(objects []*unstructured.Unstructured) (*unstructured.Unstructured, error) {
	for _, object := range objects {
		if object.GetKind() == m.kind && object.GetName() == m.name {
			spoiled := object.DeepCopy()
			return spoiled, m.spoil(spoiled)
		}
	}
	return nil, fmt.Errorf("there is no %s %s", m.kind, m.name)
}
