package check

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// scaledObject is KEDA's, as far as rules read it.
type scaledObject struct {
	Spec struct {
		ScaleTargetRef  struct{ Name string } `json:"scaleTargetRef"`
		MinReplicaCount *int32                `json:"minReplicaCount"`
		MaxReplicaCount *int32                `json:"maxReplicaCount"`
		Triggers        []trigger             `json:"triggers"`
	} `json:"spec"`
}

// trigger measures the work of a ScaledObject.
type trigger struct {
	Scaler            string                `json:"-"` // the name of its ScaledObject
	Type              string                `json:"type"`
	Metadata          map[string]string     `json:"metadata"`
	AuthenticationRef struct{ Name string } `json:"authenticationRef"`
}

// triggerAuthentication is KEDA's, as far as rules read it.
type triggerAuthentication struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		SecretTargetRef []struct{ Parameter, Name, Key string } `json:"secretTargetRef"`
	} `json:"spec"`
}

// podMonitor is the Prometheus operator's, as far as rules read it.
type podMonitor struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Selector  metav1.LabelSelector          `json:"selector"`
		Endpoints []struct{ Port, Path string } `json:"podMetricsEndpoints"`
	} `json:"spec"`
}

func (c *cluster) addCustom(object *unstructured.Unstructured) error {
	convert := runtime.DefaultUnstructuredConverter.FromUnstructured
	switch object.GetKind() {
	case "ScaledObject":
		var scaled scaledObject
		if err := convert(object.Object, &scaled); err != nil {
			return fmt.Errorf("converting it: %w", err)
		}
		spec := scaled.Spec
		c.scalers = append(c.scalers, scaler{object.GetName(), spec.ScaleTargetRef.Name, value(spec.MinReplicaCount), value(spec.MaxReplicaCount)})
		for _, t := range spec.Triggers { // the schema requires one
			t.Scaler = object.GetName()
			c.triggers = append(c.triggers, t)
		}
	case "PodMonitor":
		var monitor podMonitor
		if err := convert(object.Object, &monitor); err != nil {
			return fmt.Errorf("converting it: %w", err)
		}
		c.monitors = append(c.monitors, monitor)
	case "PrometheusRule": // deploy/monitoring checks the alerts themselves
		c.alerts = append(c.alerts, object)
	case "TriggerAuthentication": // the rule scalers looks it up in exists
		var authentication triggerAuthentication
		if err := convert(object.Object, &authentication); err != nil {
			return fmt.Errorf("converting it: %w", err)
		}
		c.authentications = append(c.authentications, authentication)
	default:
		return fmt.Errorf("no rule checks a %s", object.GetKind())
	}
	return nil
}
