package manifest

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

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

// Annotations of ingress-nginx: what lets in private addresses only, and what asks for a login.
const (
	addressesAnnotation = "nginx.ingress.kubernetes.io/whitelist-source-range"
	loginAnnotation     = "nginx.ingress.kubernetes.io/auth-url"
	clientsAnnotation   = "nginx.ingress.kubernetes.io/auth-tls-secret"
)

// asks: the api asks nobody for a login, so what publishes it does, or lets in private addresses only.
func asks(c *Cluster, _ Expectations, found *problems) {
	for _, ingress := range c.Ingresses {
		said := ingress.Annotations
		if slices.Contains(servicesOf(ingress), "api") && said[loginAnnotation] == "" && said[clientsAnnotation] == "" && !private(said[addressesAnnotation]) {
			found.addf("Ingress %s: it opens the api to everybody", ingress.Name)
		}
	}
}

// private says that a list of networks has at least one, and none that reaches beyond private addresses.
func private(list string) bool {
	return !slices.ContainsFunc(strings.Split(list, ","), func(one string) bool {
		network, err := netip.ParsePrefix(strings.TrimSpace(one))
		return err != nil || !slices.ContainsFunc(privateNetworks, func(p netip.Prefix) bool { return network.Bits() >= p.Bits() && p.Contains(network.Addr()) })
	})
}

// privateNetworks are those of RFC 1918, and RFC 4193's.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
}

// servicesOf names the Services that an ingress leads to.
func servicesOf(ingress *networkingv1.Ingress) (names []string) {
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for _, path := range rule.HTTP.Paths {
			if path.Backend.Service != nil {
				names = append(names, path.Backend.Service.Name)
			}
		}
	}
	return names
}
