package edge

import (
	"net"
	"net/http"
	"net/netip"

	"github.com/longshore-io/longshore/pkg/access"
)

// ipv6Network is the length of the prefix that identifies a client with an IPv6 address: providers
// assign a whole /64 to a single customer, who could otherwise use any number of addresses.
const ipv6Network = 64

// ClientOf returns the identity of the client that sent a request, for limits and queues that are
// shared fairly between clients. It is the only place that decides who a client is: all principals of a
// tenant together, in the default tenant each principal with a credential, and otherwise the address of
// the connection, as also before the credential of a request is checked. Clients without a credential
// behind one proxy that is not trusted (LONGSHORE_TRUSTED_PROXIES) are a single client.
func ClientOf(r *http.Request) string {
	p := access.Of(r.Context())
	switch {
	case p != nil && p.Tenant != access.DefaultTenant:
		return "tenant " + p.Tenant
	case p != nil && p.Kind != access.Local:
		return "principal " + p.ID
	}
	return ClientAt(r.RemoteAddr)
}

// ClientAt is ClientOf for the remote address of a connection, as host:port.
func ClientAt(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	network, err := addr.Prefix(ipv6Network)
	if err != nil {
		return addr.String()
	}
	return network.String()
}
