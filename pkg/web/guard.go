// Package web decides which requests an HTTP service answers before it looks at what they ask for: for
// which host names, from pages of which origins, and on behalf of which client if a proxy sent them. The
// api and the console use it alike.
package web

import (
	"net/http"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Guard checks the requests of a service. It is safe for concurrent use.
type Guard struct {
	hosts   Hosts
	proxies Proxies
	origins *Origins
}

// Options configure a guard.
type Options struct {
	// Hosts are names in addition to those of the service's own addresses.
	Hosts []string
	// Addresses are the service's own addresses, as host:port or as absolute addresses.
	Addresses []string
	// Proxies are the networks of trusted proxies.
	Proxies []string
	// Origins are the origins whose pages may read responses and send changes.
	Origins []string
}

// NewGuard returns a guard, or an error that names the value that is invalid.
func NewGuard(o Options) (*Guard, error) {
	hosts, err := NewHosts(o.Hosts, o.Addresses...)
	if err != nil {
		return nil, err
	}
	proxies, err := ParseProxies(o.Proxies)
	if err != nil {
		return nil, err
	}
	origins, err := NewOrigins(o.Origins, o.Addresses...)
	if err != nil {
		return nil, err
	}
	return &Guard{hosts, proxies, origins}, nil
}

// Resolve returns the request as its client sent it: see Proxies.Resolve.
func (g *Guard) Resolve(r *http.Request) *http.Request { return g.proxies.Resolve(r) }

// TrustedProxy reports whether an address, with or without a port, is that of a trusted proxy, whose
// connections carry the requests of many clients.
func (g *Guard) TrustedProxy(address string) bool { return g.proxies.Trust(address) }

// Check checks a request that Resolve returned. It returns a fault of kind Misdirected for a host that is
// not the service's, and otherwise what Origins.Check returns.
func (g *Guard) Check(w http.ResponseWriter, r *http.Request) (answered bool, err error) {
	if !g.hosts.Accept(r) {
		return false, fault.New(fault.Misdirected, "unknown-host",
			"This service does not answer for the host of the address. Use one of its own names, or add the name to LONGSHORE_HOSTS.")
	}
	return g.origins.Check(w, r)
}
