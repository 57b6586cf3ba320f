package manifest

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// policies: each is about some pods, and names ports that they, or those that it lets them speak to, have.
func policies(c *Cluster, want Expectations, found *problems) {
	for _, policy := range c.Policies {
		matched, err := c.selected(&policy.Spec.PodSelector)
		if err != nil || len(matched) == 0 {
			found.addf("NetworkPolicy %s: it is about nobody's pods (%v)", policy.Name, err)
			continue
		}
		for _, rule := range policy.Spec.Ingress {
			c.checkPeers(policy.Name, rule.From, want, found)
			for _, port := range rule.Ports {
				if port.Port.Type == intstr.String && !anyHas(matched, port.Port.StrVal) {
					found.addf("NetworkPolicy %s: none of its pods has a port %s", policy.Name, port.Port.StrVal)
				}
			}
		}
		for _, rule := range policy.Spec.Egress {
			c.checkPeers(policy.Name, rule.To, want, found)
		}
	}
}

func anyHas(workloads []Workload, port string) bool {
	return slices.ContainsFunc(workloads, func(w Workload) bool { _, ok := portNamed(w.Template.Spec, port); return ok })
}

// checkPeers looks for peers in the same namespace; those of other namespaces are not ours to know.
func (c *Cluster) checkPeers(policy string, peers []networkingv1.NetworkPolicyPeer, want Expectations, found *problems) {
	for _, peer := range peers {
		if peer.PodSelector == nil || peer.NamespaceSelector != nil || isClients(peer.PodSelector, want) {
			continue
		}
		if matched, err := c.selected(peer.PodSelector); err != nil || len(matched) == 0 {
			found.addf("NetworkPolicy %s: it lets nobody's pods in or be reached (%v)", policy, err)
		}
	}
}

func isClients(selector *metav1.LabelSelector, want Expectations) bool {
	for key := range selector.MatchLabels {
		if slices.Contains(want.ClientLabels, key) {
			return true
		}
	}
	return false
}

// everyPodIsClosed: every pod of the overlay is closed in both directions, but for what a policy lists; and no pod of others is closed, such as
// those of a Postgres in the same namespace.
func everyPodIsClosed(c *Cluster, _ Expectations, found *problems) {
	for _, w := range c.Workloads {
		closed := map[networkingv1.PolicyType]bool{}
		for _, policy := range c.about(w) {
			for _, direction := range policy.Spec.PolicyTypes {
				closed[direction] = true
			}
		}
		if len(closed) != 2 {
			found.addf("%s: no NetworkPolicy denies what no other one allows", w)
		}
	}
	for _, policy := range c.Policies {
		spec := policy.Spec
		if len(spec.PodSelector.MatchLabels)+len(spec.PodSelector.MatchExpressions) == 0 {
			found.addf("NetworkPolicy %s: it is about the pods of others, too", policy.Name)
		}
		if slices.ContainsFunc(spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) bool { return len(r.From)+len(r.Ports) == 0 }) ||
			slices.ContainsFunc(spec.Egress, func(r networkingv1.NetworkPolicyEgressRule) bool { return len(r.To)+len(r.Ports) == 0 }) {
			found.addf("NetworkPolicy %s: it allows everything", policy.Name)
		}
	}
}

// about returns the policies that find the workload's pods.
func (c *Cluster) about(w Workload) []*networkingv1.NetworkPolicy {
	return slices.DeleteFunc(slices.Clone(c.Policies), func(p *networkingv1.NetworkPolicy) bool {
		matched, err := c.selected(&p.Spec.PodSelector)
		return err != nil || !slices.ContainsFunc(matched, func(m Workload) bool { return m.String() == w.String() })
	})
}

// names: our pods reach the DNS of any cluster, wherever it is: NodeLocal DNSCache answers at an address of the node, which is in no
// namespace, and OpenShift's pods at port 5353.
func names(c *Cluster, want Expectations, found *problems) {
	for _, w := range c.Workloads {
		for _, port := range []int{53, 5353} {
			if w.ours(want) && !slices.ContainsFunc(c.about(w), func(p *networkingv1.NetworkPolicy) bool { return letsOut(p, port) }) {
				found.addf("%s: it does not reach every DNS at port %d", w, port)
			}
		}
	}
}

// letsOut says that a policy lets its pods ask anybody at the port, by UDP and by TCP.
func letsOut(policy *networkingv1.NetworkPolicy, number int) bool {
	by := map[corev1.Protocol]bool{}
	for _, rule := range policy.Spec.Egress {
		for _, port := range rule.Ports {
			if len(rule.To) == 0 && port.Protocol != nil && port.Port != nil && port.Port.IntValue() == number {
				by[*port.Protocol] = true
			}
		}
	}
	return by[corev1.ProtocolUDP] && by[corev1.ProtocolTCP]
}

// stackLabel is what the Prometheus of kube-prometheus-stack looks for: without it neither metrics nor alerts, and no word of it.
const stackLabel = "release"

// monitors: Prometheus finds what is for it, and asks every service, at the admin port, for its metrics.
func monitors(c *Cluster, want Expectations, found *problems) {
	for _, alerts := range c.Alerts {
		if alerts.GetLabels()[stackLabel] == "" {
			found.addf("PrometheusRule %s: it has no label %s", alerts.GetName(), stackLabel)
		}
	}
	for _, monitor := range c.Monitors {
		if monitor.Labels[stackLabel] == "" {
			found.addf("PodMonitor %s: it has no label %s", monitor.Name, stackLabel)
		}
		matched, err := c.selected(&monitor.Spec.Selector)
		if err != nil {
			found.addf("PodMonitor %s: %v", monitor.Name, err)
		}
		for _, w := range c.Workloads {
			if w.Kind == "Deployment" && w.ours(want) && !slices.ContainsFunc(matched, func(m Workload) bool { return m.String() == w.String() }) {
				found.addf("PodMonitor %s: it does not find the pods of %s", monitor.Name, w)
			}
		}
		for _, endpoint := range monitor.Spec.Endpoints {
			if endpoint.Port != adminPort || endpoint.Path != "/metrics" {
				found.addf("PodMonitor %s: it asks the port %s at %s", monitor.Name, endpoint.Port, endpoint.Path)
			}
		}
	}
}
