// Package manifest holds rendered manifests to what a server would only find out at work, or never: that names refer to something, that
// what belongs together fits together, and that every field is one.
package manifest

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// Cluster is what an overlay brings, by kind.
type Cluster struct {
	Workloads  []Workload
	Services   []*corev1.Service
	ConfigMaps map[string]*corev1.ConfigMap
	Secrets    map[string]*corev1.Secret
	Accounts   map[string]*corev1.ServiceAccount
	Namespaces []*corev1.Namespace
	HPAs       []*autoscalingv2.HorizontalPodAutoscaler
	Budgets    []*policyv1.PodDisruptionBudget
	Policies   []*networkingv1.NetworkPolicy
	Ingresses  []*networkingv1.Ingress
	Scaled     []ScaledObject
	Auths      map[string]bool
	Monitors   []PodMonitor
	Alerts     []*unstructured.Unstructured // PrometheusRules
}

// Workload is what makes pods: a Deployment, a StatefulSet or a Job.
type Workload struct {
	Kind, Name string
	Labels     map[string]string
	// Replicas is what its manifest says; nil if somebody else says it, or if it is a Job.
	Replicas *int32
	// Selector finds its own pods; nil for a Job.
	Selector *metav1.LabelSelector
	Template corev1.PodTemplateSpec
	// Rollout is a Deployment's; nil for others.
	Rollout *appsv1.DeploymentSpec
	// Job is a Job's; nil for others.
	Job *batchv1.JobSpec
}

// String names it.
func (w Workload) String() string { return w.Kind + " " + w.Name }

// decoder knows the kinds that the manifests use, and no field beside theirs.
func decoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	builder := runtime.NewSchemeBuilder(
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
	)
	if err := builder.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("listing the kinds of objects: %w", err)
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(), nil
}

// Read decodes the objects strictly, custom resources by their schemas, and returns them by kind with what is wrong with single objects.
func Read(objects []*unstructured.Unstructured, schemas Schemas) (*Cluster, []string) {
	c := &Cluster{
		ConfigMaps: map[string]*corev1.ConfigMap{}, Secrets: map[string]*corev1.Secret{},
		Accounts: map[string]*corev1.ServiceAccount{}, Auths: map[string]bool{},
	}
	decoder, err := decoder()
	if err != nil {
		return c, []string{err.Error()}
	}
	var problems []string
	for _, object := range objects {
		if err := c.read(object, decoder, schemas); err != nil {
			problems = append(problems, fmt.Sprintf("%s %s: %v", object.GetKind(), object.GetName(), err))
		}
	}
	return c, problems
}

func (c *Cluster) read(object *unstructured.Unstructured, decoder runtime.Decoder, schemas Schemas) error {
	switch object.GroupVersionKind().Group {
	case "keda.sh", "monitoring.coreos.com":
		if err := schemas.Check(object); err != nil {
			return err
		}
		return c.addCustom(object)
	}
	content, err := object.MarshalJSON()
	if err != nil {
		return fmt.Errorf("writing it: %w", err)
	}
	typed, _, err := decoder.Decode(content, nil, nil)
	if err != nil {
		return fmt.Errorf("decoding it strictly: %w", err)
	}
	return c.add(typed)
}

func (c *Cluster) add(typed runtime.Object) error {
	switch o := typed.(type) {
	case *appsv1.Deployment:
		c.Workloads = append(c.Workloads, Workload{"Deployment", o.Name, o.Labels, o.Spec.Replicas, o.Spec.Selector, o.Spec.Template, &o.Spec, nil})
	case *appsv1.StatefulSet:
		c.Workloads = append(c.Workloads, Workload{"StatefulSet", o.Name, o.Labels, o.Spec.Replicas, o.Spec.Selector, o.Spec.Template, nil, nil})
	case *batchv1.Job:
		c.Workloads = append(c.Workloads, Workload{"Job", o.Name, o.Labels, nil, nil, o.Spec.Template, nil, &o.Spec})
	case *corev1.Service:
		c.Services = append(c.Services, o)
	case *corev1.ConfigMap:
		c.ConfigMaps[o.Name] = o
	case *corev1.Secret:
		c.Secrets[o.Name] = o
	case *corev1.ServiceAccount:
		c.Accounts[o.Name] = o
	case *corev1.Namespace:
		c.Namespaces = append(c.Namespaces, o)
	case *autoscalingv2.HorizontalPodAutoscaler:
		c.HPAs = append(c.HPAs, o)
	case *policyv1.PodDisruptionBudget:
		c.Budgets = append(c.Budgets, o)
	case *networkingv1.NetworkPolicy:
		c.Policies = append(c.Policies, o)
	case *networkingv1.Ingress:
		c.Ingresses = append(c.Ingresses, o)
	default:
		return fmt.Errorf("no rule looks at a %T", typed)
	}
	return nil
}

// Deployment finds one by its name.
func (c *Cluster) Deployment(name string) (Workload, bool) {
	for _, w := range c.Workloads {
		if w.Kind == "Deployment" && w.Name == name {
			return w, true
		}
	}
	return Workload{}, false
}

// selected returns the workloads whose pods the selector finds. An empty selector finds all.
func (c *Cluster) selected(selector *metav1.LabelSelector) ([]Workload, error) {
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, fmt.Errorf("reading its selector: %w", err)
	}
	var found []Workload
	for _, w := range c.Workloads {
		if compiled.Matches(labels.Set(w.Template.Labels)) {
			found = append(found, w)
		}
	}
	return found, nil
}
