package check

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// clientLabel marks pods outside of the manifests that may connect to the api.
const clientLabel = "longshore.io/client"

// policies: a NetworkPolicy applies to our own pods only, allows less than everything, and names
// ports and pods that exist. kube-score checks that it selects a pod, and that every pod is
// selected for both directions.
func (c *checker) policies() {
	for _, policy := range c.cluster.policies {
		spec := policy.Spec
		if len(spec.PodSelector.MatchLabels)+len(spec.PodSelector.MatchExpressions) == 0 {
			c.addf("NetworkPolicy %s: it applies to pods of others, too", policy.Name)
		}
		pods := c.selected(&spec.PodSelector)
		for _, rule := range spec.Ingress {
			c.checkRule(policy.Name, rule.From, rule.Ports)
			for _, port := range rule.Ports {
				name := port.Port
				if name.Type == intstr.String && !slices.ContainsFunc(pods, func(w *workload) bool { return hasPort(w, name.StrVal) }) {
					c.addf("NetworkPolicy %s: none of its pods has a port %s", policy.Name, name.StrVal)
				}
			}
		}
		for _, rule := range spec.Egress {
			c.checkRule(policy.Name, rule.To, rule.Ports)
		}
	}
}

// checkRule checks the peers in the policy's namespace. Those of other namespaces are unknown here.
func (c *checker) checkRule(policy string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) {
	if len(peers)+len(ports) == 0 {
		c.addf("NetworkPolicy %s: it allows everything", policy)
	}
	for _, peer := range peers {
		if peer.PodSelector == nil || peer.NamespaceSelector != nil || peer.PodSelector.MatchLabels[clientLabel] != "" {
			continue
		}
		if len(c.selected(peer.PodSelector)) == 0 {
			c.addf("NetworkPolicy %s: the pods that it admits do not exist", policy)
		}
	}
}

// dns: our pods reach the DNS of any cluster. NodeLocal DNSCache answers at an address of the node,
// which is in no namespace, and OpenShift's pods at port 5353.
func (c *checker) dns() {
	for _, w := range c.ours() {
		for _, port := range []int{53, 5353} {
			if !slices.ContainsFunc(c.cluster.policies, func(p *networkingv1.NetworkPolicy) bool {
				return slices.Contains(c.selected(&p.Spec.PodSelector), w) && allowsTo(p, port)
			}) {
				c.addf("%s: it does not reach every DNS server at port %d", w, port)
			}
		}
	}
}

// allowsTo reports whether a policy allows connections to any address at the port, by UDP and TCP.
func allowsTo(policy *networkingv1.NetworkPolicy, number int) bool {
	protocols := map[corev1.Protocol]bool{}
	for _, rule := range policy.Spec.Egress {
		for _, port := range rule.Ports {
			if len(rule.To) == 0 && port.Protocol != nil && port.Port != nil && port.Port.IntValue() == number {
				protocols[*port.Protocol] = true
			}
		}
	}
	return protocols[corev1.ProtocolUDP] && protocols[corev1.ProtocolTCP]
}

// stackLabel is the label that the Prometheus of kube-prometheus-stack selects. It ignores objects
// without the label silently.
const stackLabel = "release"

// monitoring: Prometheus selects the monitor and the alerts, and scrapes every service.
func (c *checker) monitoring() {
	for _, alerts := range c.alerts {
		if alerts.GetLabels()[stackLabel] == "" {
			c.addf("PrometheusRule %s: it has no label %s", alerts.GetName(), stackLabel)
		}
	}
	for _, monitor := range c.monitors {
		if monitor.Labels[stackLabel] == "" {
			c.addf("PodMonitor %s: it has no label %s", monitor.Name, stackLabel)
		}
		pods := c.selected(&monitor.Spec.Selector)
		for _, w := range c.ourServices() {
			if !slices.Contains(pods, w) {
				c.addf("PodMonitor %s: it does not select the pods of %s", monitor.Name, w)
			}
		}
		for _, endpoint := range monitor.Spec.Endpoints {
			if endpoint.Port != adminPort || endpoint.Path != "/metrics" {
				c.addf("PodMonitor %s: it scrapes %s at the port %s", monitor.Name, endpoint.Path, endpoint.Port)
			}
		}
	}
}
