package check

import (
	"cmp"
	"fmt"
	"maps"

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

// cluster contains the objects of one overlay, by kind, as far as the rules read them.
type cluster struct {
	// exists has an entry "Kind name" for every object.
	exists     map[string]bool
	workloads  []*workload
	services   []*corev1.Service
	configMaps map[string]*corev1.ConfigMap
	secrets    map[string]*corev1.Secret
	namespaces []*corev1.Namespace
	policies   []*networkingv1.NetworkPolicy
	ingresses  []*networkingv1.Ingress
	scalers    []scaler
	triggers   []trigger
	monitors   []podMonitor
	// authentications are KEDA's.
	authentications []triggerAuthentication
	alerts          []*unstructured.Unstructured // PrometheusRules
}

// workload is a Deployment, a StatefulSet or a Job. Each has one container.
type workload struct {
	kind, name string
	labels     map[string]string
	pod        corev1.PodTemplateSpec
	container  corev1.Container
	env        map[string]string      // the container's variables, with the values of config maps and secrets
	deployment *appsv1.DeploymentSpec // nil for other kinds
	job        *batchv1.JobSpec       // nil for other kinds
}

// scaler is a HorizontalPodAutoscaler or a ScaledObject.
type scaler struct {
	name, target string
	min, max     int32
}

func (w *workload) String() string { return w.kind + " " + w.name }

// component returns what the workload is: the name of a program or of a server, or collectionsJob.
func (w *workload) component() string { return w.pod.Labels["app.kubernetes.io/name"] }

// collectionsJob is the Job that runs the api's command collections.
const collectionsJob = "collections"

// program returns the name of the program that the workload runs.
func (w *workload) program() string {
	if w.component() == collectionsJob {
		return "api"
	}
	return w.component()
}

// newDecoder returns a decoder of the kinds that the manifests use. It rejects unknown fields.
func newDecoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	builder := runtime.NewSchemeBuilder(
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
	)
	if err := builder.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("registering the kinds of objects: %w", err)
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(), nil
}

// readCluster decodes the objects strictly, custom resources by their schemas. It returns them with
// the objects that could not be decoded.
func readCluster(objects []*unstructured.Unstructured, known schemas) (c *cluster, problems []string) {
	c = &cluster{exists: map[string]bool{}, configMaps: map[string]*corev1.ConfigMap{}, secrets: map[string]*corev1.Secret{}}
	decoder, err := newDecoder()
	if err != nil {
		return c, []string{err.Error()}
	}
	for _, object := range objects {
		id := object.GetKind() + " " + object.GetName()
		c.exists[id] = true
		if err := c.read(object, decoder, known); err != nil {
			problems = append(problems, id+": "+err.Error())
		}
	}
	for _, w := range c.workloads {
		w.env = c.environment(w.container)
	}
	return c, problems
}

func (c *cluster) read(object *unstructured.Unstructured, decoder runtime.Decoder, known schemas) error {
	switch object.GroupVersionKind().Group {
	case "keda.sh", "monitoring.coreos.com":
		if err := known.check(object); err != nil {
			return err
		}
		return c.addCustom(object)
	}
	content, err := object.MarshalJSON()
	if err != nil {
		return fmt.Errorf("encoding it: %w", err)
	}
	typed, _, err := decoder.Decode(content, nil, nil)
	if err != nil {
		return fmt.Errorf("decoding it strictly: %w", err)
	}
	return c.add(typed)
}

func (c *cluster) add(typed runtime.Object) error {
	switch o := typed.(type) {
	case *appsv1.Deployment:
		return c.addWorkload(&workload{kind: o.Kind, name: o.Name, labels: o.Labels, pod: o.Spec.Template, deployment: &o.Spec})
	case *appsv1.StatefulSet:
		return c.addWorkload(&workload{kind: o.Kind, name: o.Name, labels: o.Labels, pod: o.Spec.Template})
	case *batchv1.Job:
		return c.addWorkload(&workload{kind: o.Kind, name: o.Name, labels: o.Labels, pod: o.Spec.Template, job: &o.Spec})
	case *corev1.Service:
		c.services = append(c.services, o)
	case *corev1.ConfigMap:
		c.configMaps[o.Name] = o
	case *corev1.Secret:
		c.secrets[o.Name] = o
	case *corev1.Namespace:
		c.namespaces = append(c.namespaces, o)
	case *autoscalingv2.HorizontalPodAutoscaler:
		c.scalers = append(c.scalers, scaler{o.Name, o.Spec.ScaleTargetRef.Name, value(o.Spec.MinReplicas), o.Spec.MaxReplicas})
	case *networkingv1.NetworkPolicy:
		c.policies = append(c.policies, o)
	case *networkingv1.Ingress:
		c.ingresses = append(c.ingresses, o)
	case *policyv1.PodDisruptionBudget, *corev1.ServiceAccount: // kube-score or the rule references checks them
	default:
		return fmt.Errorf("no rule checks a %T", typed)
	}
	return nil
}

func (c *cluster) addWorkload(w *workload) error {
	if n := len(w.pod.Spec.Containers) + len(w.pod.Spec.InitContainers); n != 1 {
		return fmt.Errorf("it has %d containers, and the rules check one", n)
	}
	w.container = w.pod.Spec.Containers[0]
	c.workloads = append(c.workloads, w)
	return nil
}

// find returns the Deployment of the name, or nil.
func (c *cluster) find(name string) *workload {
	for _, w := range c.workloads {
		if w.deployment != nil && w.name == name {
			return w
		}
	}
	return nil
}

// selected returns the workloads whose pods the selector selects. An empty selector selects all.
func (c *cluster) selected(selector *metav1.LabelSelector) (found []*workload) {
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil
	}
	for _, w := range c.workloads {
		if compiled.Matches(labels.Set(w.pod.Labels)) {
			found = append(found, w)
		}
	}
	return found
}

// secretExamples are the values of secrets that are not part of an overlay.
var secretExamples = map[string]string{
	"DATABASE_URL":                "postgres://longshore@postgres.example.com:5432/longshore?sslmode=verify-full",
	"REDIS_URL":                   "rediss://redis.example.com:6379/0",
	"LONGSHORE_CONSOLE_VIEWERS":   "mary:secret",
	"LONGSHORE_CONSOLE_OPERATORS": "john:secret",
}

// environment returns the container's variables with their values. The value of a secret is the
// overlay's own, or an example.
func (c *cluster) environment(container corev1.Container) map[string]string {
	variables := map[string]string{}
	for _, source := range container.EnvFrom {
		if source.ConfigMapRef != nil && c.configMaps[source.ConfigMapRef.Name] != nil {
			maps.Copy(variables, c.configMaps[source.ConfigMapRef.Name].Data)
		}
	}
	for _, variable := range container.Env {
		variables[variable.Name] = variable.Value
		if variable.ValueFrom == nil || variable.ValueFrom.SecretKeyRef == nil {
			continue
		}
		var content string
		if secret := c.secrets[variable.ValueFrom.SecretKeyRef.Name]; secret != nil {
			content = string(secret.Data[variable.ValueFrom.SecretKeyRef.Key])
		}
		variables[variable.Name] = cmp.Or(content, secretExamples[variable.Name])
	}
	return variables
}

func value[N int32 | int64](p *N) N {
	if p == nil {
		return 0
	}
	return *p
}
