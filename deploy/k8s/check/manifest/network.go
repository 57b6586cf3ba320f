package manifest

import (
	"net/url"
	"slices"

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

// everyPodIsClosed: one policy denies everything to every pod, in both directions.
func everyPodIsClosed(c *Cluster, _ Expectations, found *problems) {
	if !slices.ContainsFunc(c.Policies, func(p *networkingv1.NetworkPolicy) bool {
		s := p.Spec
		return len(s.PodSelector.MatchLabels)+len(s.PodSelector.MatchExpressions)+len(s.Ingress)+len(s.Egress) == 0 && len(s.PolicyTypes) == 2
	}) {
		found.addf("no NetworkPolicy denies everything that no other one allows")
	}
}

// ingresses: each leads to ports of Services that are there, over TLS.
func ingresses(c *Cluster, _ Expectations, found *problems) {
	for _, ingress := range c.Ingresses {
		for _, rule := range ingress.Spec.Rules {
			if !slices.ContainsFunc(ingress.Spec.TLS, func(t networkingv1.IngressTLS) bool { return slices.Contains(t.Hosts, rule.Host) }) {
				found.addf("Ingress %s: there is no certificate for %s", ingress.Name, rule.Host)
			}
			if rule.HTTP == nil {
				continue
			}
			for _, path := range rule.HTTP.Paths {
				if backend := path.Backend.Service; backend == nil || !c.hasPort(backend.Name, backend.Port.Name) {
					found.addf("Ingress %s: %s leads to no port of a Service", ingress.Name, path.Path)
				}
			}
		}
	}
}

func (c *Cluster) hasPort(service, port string) bool {
	for _, s := range c.Services {
		for _, p := range s.Spec.Ports {
			if s.Name == service && p.Name == port {
				return true
			}
		}
	}
	return false
}

// addresses says which variable of the api hands out whose address.
var addresses = map[string]string{"LONGSHORE_PUBLIC_URL": "api", "LONGSHORE_CONSOLE_URL": "console"}

// publicAddresses: what is handed out to clients is where the ingress listens.
func publicAddresses(c *Cluster, _ Expectations, found *problems) {
	w, ok := c.Deployment("api")
	if !ok || len(w.Template.Spec.Containers) == 0 {
		return
	}
	for variable, service := range addresses {
		said := valueOf(w.Template.Spec.Containers[0], variable)
		hosts := c.hostsOf(service)
		if len(hosts) == 0 && said == "" {
			continue
		}
		address, err := url.Parse(said)
		if err != nil || address.Scheme != "https" || !slices.Contains(hosts, address.Host) {
			found.addf("%s: %s is %q, and %s is reached at %v", w, variable, said, service, hosts)
		}
	}
}

// hostsOf returns the hosts of the ingresses that lead to a Service.
func (c *Cluster) hostsOf(service string) []string {
	var hosts []string
	for _, ingress := range c.Ingresses {
		for _, rule := range ingress.Spec.Rules {
			if rule.HTTP != nil && slices.ContainsFunc(rule.HTTP.Paths, func(p networkingv1.HTTPIngressPath) bool {
				return p.Backend.Service != nil && p.Backend.Service.Name == service
			}) {
				hosts = append(hosts, rule.Host)
			}
		}
	}
	return hosts
}

// monitors: Prometheus asks every service, at the admin port, for its metrics.
func monitors(c *Cluster, want Expectations, found *problems) {
	for _, monitor := range c.Monitors {
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
