package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

const (
	manager = "longshore-dryrun"
	// startWait bounds the start of the API server, and defineWait how long it takes for a new kind of object to be known.
	startWait, defineWait = 2 * time.Minute, time.Minute
	pollInterval          = 200 * time.Millisecond
)

// cluster is the API server as its clients see it.
type cluster struct {
	version string
	dynamic dynamic.Interface
	kinds   *restmapper.DeferredDiscoveryRESTMapper

	mu       sync.Mutex
	warnings []string
}

// connect waits until the server is ready.
func connect(ctx context.Context, s *servers) (*cluster, error) {
	c := &cluster{}
	config := &rest.Config{
		Host: s.address, BearerToken: token, QPS: -1, WarningHandler: c,
		TLSClientConfig: rest.TLSClientConfig{Insecure: true}, // it has signed its certificate itself a moment ago
	}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	if err := wait.PollUntilContextTimeout(ctx, pollInterval, startWait, true, func(ctx context.Context) (bool, error) {
		return found.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil, nil
	}); err != nil {
		var output []string
		for _, one := range s.running {
			output = append(output, one.command.Path+":\n"+lastLines(one.output.String()))
		}
		return nil, fmt.Errorf("waiting for the API server: %w\n%s", err, strings.Join(output, "\n"))
	}
	version, err := found.ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("asking for the server's version: %w", err)
	}
	c.version = version.GitVersion
	c.kinds = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))
	return c, nil
}

func lastLines(text string) string {
	const most = 20
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

// harmless begins the warning about a dot in a Job's name, which a release has: it would matter to hostnames, which nobody asks for.
const harmless = "metadata.name: this is used in Pod names and hostnames"

// HandleWarningHeader keeps what the server warns of: a field that is going away, or pods that Pod Security would refuse.
func (c *cluster) HandleWarningHeader(_ int, _, text string) {
	if strings.HasPrefix(text, harmless) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warnings = append(c.warnings, text)
}

func (c *cluster) warned() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	warnings := c.warnings
	c.warnings = nil
	if len(warnings) == 0 {
		return nil
	}
	return errors.New("the server warns: " + strings.Join(warnings, "; "))
}

// define creates custom resource definitions and waits until the server knows their kinds.
func (c *cluster) define(ctx context.Context, definitions []*unstructured.Unstructured) error {
	for _, object := range definitions {
		if err := c.create(ctx, object); err != nil {
			return err
		}
		group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
		if err := wait.PollUntilContextTimeout(ctx, pollInterval, defineWait, true, func(context.Context) (bool, error) {
			c.kinds.Reset()
			_, err := c.kinds.RESTMapping(schema.GroupKind{Group: group, Kind: kind})
			return err == nil, nil
		}); err != nil {
			return fmt.Errorf("waiting for the kind %s: %w", kind, err)
		}
	}
	return nil
}

// resource returns where objects like this one are kept.
func (c *cluster) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := c.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, fmt.Errorf("looking for the kind: %w", err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.dynamic.Resource(mapping.Resource).Namespace(object.GetNamespace()), nil
	}
	return c.dynamic.Resource(mapping.Resource), nil
}

// create really creates an object.
func (c *cluster) create(ctx context.Context, object *unstructured.Unstructured) error {
	where, err := c.resource(object)
	if err == nil {
		_, err = where.Create(ctx, object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	}
	if err != nil {
		return fmt.Errorf("creating %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return c.warned()
}

// dryRun applies an object as `kubectl apply --server-side --dry-run=server --validate=strict` does. A warning counts as a refusal.
func (c *cluster) dryRun(ctx context.Context, object *unstructured.Unstructured) error {
	where, err := c.resource(object)
	if err != nil {
		return err
	}
	content, err := object.MarshalJSON()
	if err != nil {
		return fmt.Errorf("writing it: %w", err)
	}
	_, err = where.Patch(ctx, object.GetName(), "application/apply-patch+yaml", content, metav1.PatchOptions{
		DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict, FieldManager: manager,
	})
	return errors.Join(err, c.warned())
}

// podsOf returns a pod as the workload's controller would make it, or nothing for other objects.
func podsOf(object *unstructured.Unstructured) []*unstructured.Unstructured {
	if !slices.Contains([]string{"Deployment", "StatefulSet", "Job"}, object.GetKind()) {
		return nil
	}
	template, _, _ := unstructured.NestedMap(object.Object, "spec", "template")
	pod := &unstructured.Unstructured{Object: template}
	pod.SetAPIVersion("v1")
	pod.SetKind("Pod")
	pod.SetName(strings.ReplaceAll(object.GetName(), ".", "-"))
	pod.SetNamespace(object.GetNamespace())
	if object.GetKind() == "StatefulSet" { // its controller adds a volume for each claim
		addClaims(object, pod)
	}
	return []*unstructured.Unstructured{pod}
}

func addClaims(object, pod *unstructured.Unstructured) {
	claims, _, _ := unstructured.NestedSlice(object.Object, "spec", "volumeClaimTemplates")
	volumes, _, _ := unstructured.NestedSlice(pod.Object, "spec", "volumes")
	for _, claim := range claims {
		name, _, _ := unstructured.NestedString(claim.(map[string]any), "metadata", "name") //nolint:forcetypeassert // of a rendered object
		volumes = append(volumes, map[string]any{"name": name, "persistentVolumeClaim": map[string]any{"claimName": name}})
	}
	_ = unstructured.SetNestedSlice(pod.Object, volumes, "spec", "volumes") // there is a spec
}
