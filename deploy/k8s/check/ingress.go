package check

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// annotation is the prefix of the annotations of ingress-nginx.
const annotation = "nginx.ingress.kubernetes.io/"

// addresses maps the variables of the api that contain a public address to the Service there.
var addresses = map[string]string{"LONGSHORE_PUBLIC_URL": "api", "LONGSHORE_CONSOLE_URL": "console"}

// ingresses: every host has a certificate, each client's requests and connections are limited, the api
// is not open to everyone, and the addresses that
// clients receive are those of the ingresses. kube-score checks that the backends exist.
func (c *checker) ingresses() {
	hosts := map[string][]string{} // by Service
	for _, ingress := range c.cluster.ingresses {
		for _, limit := range []string{"limit-rps", "limit-connections"} {
			if n, err := strconv.Atoi(ingress.Annotations[annotation+limit]); err != nil || n < 1 {
				c.addf("Ingress %s: %s must be a positive number", ingress.Name, limit)
			}
		}
		for _, rule := range ingress.Spec.Rules {
			if !slices.ContainsFunc(ingress.Spec.TLS, func(t networkingv1.IngressTLS) bool { return slices.Contains(t.Hosts, rule.Host) }) {
				c.addf("Ingress %s: there is no certificate for %s", ingress.Name, rule.Host)
			}
			for _, service := range backends(rule) {
				hosts[service] = append(hosts[service], rule.Host)
				if service == "api" && !isProtected(ingress.Annotations) {
					c.addf("Ingress %s: it opens the api to everyone", ingress.Name)
				}
			}
		}
	}
	api := c.find("api")
	for variable, service := range addresses {
		if api == nil || (api.env[variable] == "" && len(hosts[service]) == 0) {
			continue
		}
		address, err := url.Parse(api.env[variable])
		if err != nil || address.Scheme != "https" || !slices.Contains(hosts[service], address.Host) {
			c.addf("%s: %s is %q, and the hosts of %s are %v", api, variable, api.env[variable], service, hosts[service])
		}
	}
}

// backends returns the names of the Services of a rule.
func backends(rule networkingv1.IngressRule) (services []string) {
	if rule.HTTP == nil {
		return nil
	}
	for _, path := range rule.HTTP.Paths {
		if path.Backend.Service != nil {
			services = append(services, path.Backend.Service.Name)
		}
	}
	return services
}

// isProtected reports whether the annotations of ingress-nginx require a login or a client
// certificate, or admit private addresses only: a second wall beside the api's keys.
func isProtected(annotations map[string]string) bool {
	return annotations[annotation+"auth-url"] != "" || annotations[annotation+"auth-tls-secret"] != "" ||
		isPrivate(annotations[annotation+"whitelist-source-range"])
}

// privateNetworks are those of RFC 1918 and RFC 4193.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
}

// isPrivate reports whether a list of networks, which must not be empty, contains only private
// ones.
func isPrivate(list string) bool {
	return !slices.ContainsFunc(strings.Split(list, ","), func(text string) bool {
		network, err := netip.ParsePrefix(strings.TrimSpace(text))
		return err != nil || !slices.ContainsFunc(privateNetworks, func(p netip.Prefix) bool { return network.Bits() >= p.Bits() && p.Contains(network.Addr()) })
	})
}
