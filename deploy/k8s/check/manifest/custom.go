package manifest

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// ScaledObject is KEDA's, as far as rules look at it.
type ScaledObject struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ScaleTargetRef  struct{ Kind, Name string } `json:"scaleTargetRef"`
		MinReplicaCount *int32                      `json:"minReplicaCount"`
		MaxReplicaCount *int32                      `json:"maxReplicaCount"`
		Triggers        []Trigger                   `json:"triggers"`
	} `json:"spec"`
}

// Trigger tells a ScaledObject how much there is to do.
type Trigger struct {
	Type              string                `json:"type"`
	Metadata          map[string]string     `json:"metadata"`
	AuthenticationRef struct{ Name string } `json:"authenticationRef"`
}

// PodMonitor is the Prometheus operator's, as far as rules look at it.
type PodMonitor struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Selector  metav1.LabelSelector          `json:"selector"`
		Endpoints []struct{ Port, Path string } `json:"podMetricsEndpoints"`
	} `json:"spec"`
}

func (c *Cluster) addCustom(object *unstructured.Unstructured) error {
	convert := runtime.DefaultUnstructuredConverter.FromUnstructured
	switch object.GetKind() {
	case "ScaledObject":
		var scaled ScaledObject
		if err := convert(object.Object, &scaled); err != nil {
			return fmt.Errorf("reading it: %w", err)
		}
		c.Scaled = append(c.Scaled, scaled)
	case "TriggerAuthentication":
		c.Auths[object.GetName()] = true
	case "PodMonitor":
		var monitor PodMonitor
		if err := convert(object.Object, &monitor); err != nil {
			return fmt.Errorf("reading it: %w", err)
		}
		c.Monitors = append(c.Monitors, monitor)
	case "PrometheusRule": // what it says is held against the metrics elsewhere
		c.Alerts = append(c.Alerts, object)
	default:
		return fmt.Errorf("no rule looks at a %s", object.GetKind())
	}
	return nil
}
