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
	// startTimeout is for the start of the API server, and defineTimeout for a new kind of object.
	startTimeout, defineTimeout = 2 * time.Minute, time.Minute
	pollInterval                = 200 * time.Millisecond
)

// cluster is a client of the API server.
type cluster struct {
	version string
	dynamic dynamic.Interface
	kinds   *restmapper.DeferredDiscoveryRESTMapper

	mu       sync.Mutex
	warnings []string
}

// connect returns a client when the server is ready.
func connect(ctx context.Context, s *servers) (*cluster, error) {
	c := &cluster{}
	config := &rest.Config{
		Host: s.address, BearerToken: token, QPS: -1, WarningHandler: c,
		TLSClientConfig: rest.TLSClientConfig{Insecure: true}, // its certificate is self-signed
	}
	discoveryClient, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("creating a client: %w", err)
	}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("creating a client: %w", err)
	}
	if err := wait.PollUntilContextTimeout(ctx, pollInterval, startTimeout, true, func(ctx context.Context) (bool, error) {
		return discoveryClient.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil, nil
	}); err != nil {
		var output []string
		for _, process := range s.running {
			output = append(output, process.command.Path+":\n"+lastLines(process.output.String()))
		}
		return nil, fmt.Errorf("waiting for the API server: %w\n%s", err, strings.Join(output, "\n"))
	}
	version, err := discoveryClient.ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("reading the server's version: %w", err)
	}
	c.version = version.GitVersion
	c.kinds = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discoveryClient))
	return c, nil
}

func lastLines(text string) string {
	const maxLines = 20
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-maxLines):], "\n")
}

// harmless starts the warning about a dot in a Job's name, which contains a release. The dot would
// matter only to hostnames of pods, which are not used.
const harmless = "metadata.name: this is used in Pod names and hostnames"

// HandleWarningHeader collects the server's warnings, such as of a deprecated field, or of pods
// that Pod Security would reject.
func (c *cluster) HandleWarningHeader(_ int, _, text string) {
	if strings.HasPrefix(text, harmless) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warnings = append(c.warnings, text)
}

// takeWarnings returns the warnings since the last call as an error, or nil.
func (c *cluster) takeWarnings() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	warnings := c.warnings
	c.warnings = nil
	if len(warnings) == 0 {
		return nil
	}
	return errors.New("warnings of the server: " + strings.Join(warnings, "; "))
}

// define creates custom resource definitions and waits until the server accepts their kinds.
func (c *cluster) define(ctx context.Context, definitions []*unstructured.Unstructured) error {
	for _, object := range definitions {
		if err := c.create(ctx, object); err != nil {
			return err
		}
		group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
		if err := wait.PollUntilContextTimeout(ctx, pollInterval, defineTimeout, true, func(context.Context) (bool, error) {
			c.kinds.Reset()
			_, err := c.kinds.RESTMapping(schema.GroupKind{Group: group, Kind: kind})
			return err == nil, nil
		}); err != nil {
			return fmt.Errorf("waiting for the kind %s: %w", kind, err)
		}
	}
	return nil
}

// resource returns the client of the object's kind and namespace.
func (c *cluster) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	kind := object.GroupVersionKind()
	mapping, err := c.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, fmt.Errorf("finding its kind: %w", err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.dynamic.Resource(mapping.Resource).Namespace(object.GetNamespace()), nil
	}
	return c.dynamic.Resource(mapping.Resource), nil
}

// create creates an object, without a dry run.
func (c *cluster) create(ctx context.Context, object *unstructured.Unstructured) error {
	client, err := c.resource(object)
	if err == nil {
		_, err = client.Create(ctx, object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	}
	if err != nil {
		return fmt.Errorf("creating %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return c.takeWarnings()
}

// dryRun applies an object as `kubectl apply --server-side --dry-run=server --validate=strict`
// does. A warning is an error.
func (c *cluster) dryRun(ctx context.Context, object *unstructured.Unstructured) error {
	client, err := c.resource(object)
	if err != nil {
		return err
	}
	content, err := object.MarshalJSON()
	if err != nil {
		return fmt.Errorf("encoding it: %w", err)
	}
	_, err = client.Patch(ctx, object.GetName(), "application/apply-patch+yaml", content, metav1.PatchOptions{
		DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict, FieldManager: manager,
	})
	return errors.Join(err, c.takeWarnings())
}

// podsOf returns the pod that the workload's controller would create, or none for other objects.
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
	_ = unstructured.SetNestedSlice(pod.Object, volumes, "spec", "volumes") // the spec exists
}
