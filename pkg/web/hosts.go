package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// hostPattern matches a host name in lower case without a trailing dot.
var hostPattern = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$`)

// Hosts are the names of the hosts for which a service answers, on any port. They stop DNS rebinding: a
// page whose own name was changed to lead to the service sends that name as Host, and the browser takes
// both for the same origin.
type Hosts map[string]bool

// NewHosts returns the configured names, the hosts of the service's own addresses, and localhost. An own
// address is an absolute one, such as https://imports.example.com, or host:port; an empty one is ignored.
// Addresses of all interfaces, such as 0.0.0.0, add no name. It returns an error for a configured name
// that is no host name and no IP address.
func NewHosts(configured []string, own ...string) (Hosts, error) {
	hosts := Hosts{"localhost": true}
	for _, name := range configured {
		normal := normalHost(name)
		if _, err := netip.ParseAddr(normal); err != nil && !hostPattern.MatchString(normal) {
			return nil, fmt.Errorf("%q must be a host name or an IP address, without scheme and port", name)
		}
		hosts[normal] = true
	}
	for _, address := range own {
		if host := hostOfAddress(address); host != "" {
			hosts[host] = true
		}
	}
	return hosts, nil
}

func hostOfAddress(address string) string {
	host := address
	if absolute, err := url.Parse(address); err == nil && absolute.Host != "" {
		host = absolute.Host
	}
	host, ok := splitHost(host)
	if addr, err := netip.ParseAddr(host); !ok || err == nil && addr.IsUnspecified() {
		return ""
	}
	return host
}

// Accept reports whether the service answers for the Host header of the request. Besides the names it
// accepts loopback addresses and the address at which the connection arrived, because a page on a
// rebound name never sends an IP address, and requests without a host (HTTP/1.0), which browsers do not
// send.
func (h Hosts) Accept(r *http.Request) bool {
	if r.Host == "" {
		return true
	}
	host, ok := splitHost(r.Host)
	if !ok {
		return false
	}
	if h[host] {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr.IsLoopback() || addr == localAddr(r))
}

// IsLoopback reports whether a host, without a port and in lower case, names this machine only.
func IsLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// localAddr returns the address at which the connection of the request arrived.
func localAddr(r *http.Request) netip.Addr {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return netip.Addr{}
	}
	return addrOf(local.String())
}

// splitHost returns the host of host or host:port in its normal form. It returns false if the port is no
// number, or if the host is empty.
func splitHost(hostport string) (string, bool) {
	host := hostport
	if i := strings.LastIndexByte(hostport, ':'); i >= 0 && !strings.HasSuffix(hostport, "]") {
		if strings.Trim(hostport[i+1:], "0123456789") != "" {
			return "", false
		}
		host = hostport[:i]
	}
	host = normalHost(host)
	return host, host != ""
}

// normalHost returns a host name in lower case without the trailing dot of an absolute name, and an IP
// address in its shortest form without brackets and zone.
func normalHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		return addr.Unmap().WithZone("").String()
	}
	return host
}
