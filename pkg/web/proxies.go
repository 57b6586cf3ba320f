package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks whose proxies may say on whose behalf they send a request. The headers of all
// others are ignored, because any client can send them.
type Proxies []netip.Prefix

// ParseProxies parses networks such as 10.0.0.0/8 and single addresses.
func ParseProxies(networks []string) (Proxies, error) {
	proxies := make(Proxies, 0, len(networks))
	for _, text := range networks {
		text = strings.TrimSpace(text)
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			prefix, err = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q must be a network such as 10.0.0.0/8 or an IP address", text)
		}
		proxies = append(proxies, prefix.Masked())
	}
	return proxies, nil
}

// Trust reports whether an address, with or without a port, is that of a trusted proxy.
func (p Proxies) Trust(address string) bool { return p.trust(addrOf(address)) }

func (p Proxies) trust(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

type schemeKey struct{}

// Scheme returns the scheme with which the client sent a request: that of the connection, or the one
// that a trusted proxy received it with.
func Scheme(r *http.Request) string {
	if scheme, ok := r.Context().Value(schemeKey{}).(string); ok {
		return scheme
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// Resolve returns the request as its client sent it to the first trusted proxy: with the address of that
// client as RemoteAddr, the host that it asked for, and its scheme. A request that no trusted proxy sent
// is returned as it is. The client is the rightmost address in the chain that is not a trusted proxy.
//
// A proxy adds either Forwarded (RFC 7239) or the X-Forwarded fields and may pass on what the client
// wrote into the other ones. If a request has both and they name different clients, none is used.
func (p Proxies) Resolve(r *http.Request) *http.Request {
	peer := addrOf(r.RemoteAddr)
	if !p.trust(peer) {
		return r
	}
	standard, hasStandard := p.walk(parseForwarded(r.Header.Values("Forwarded")))
	common, hasCommon := p.walk(parseXForwarded(r.Header))
	found := common
	switch {
	case hasStandard && hasCommon && standard.client != common.client, !hasStandard && !hasCommon:
		return r
	case hasStandard && !hasCommon:
		found = standard
	}
	resolved := r.WithContext(r.Context())
	if found.client.IsValid() {
		resolved.RemoteAddr = net.JoinHostPort(found.client.String(), "0")
	}
	if found.host != "" {
		resolved.Host = found.host
	}
	if scheme := strings.ToLower(found.scheme); scheme == "http" || scheme == "https" {
		resolved = resolved.WithContext(context.WithValue(resolved.Context(), schemeKey{}, scheme))
	}
	return WithPrefix(resolved, common.prefix) // which Forwarded has no parameter for
}

// walk follows the hops from the last proxy to the client. It stops at the first hop that does not come
// from a trusted proxy: whatever is left of it, the client may have written. It returns false if there
// are no hops.
func (p Proxies) walk(hops []hop) (found hop, ok bool) {
	for _, h := range slices.Backward(hops) {
		client := found.client
		found = h
		if !found.client.IsValid() { // unknown or hidden: the last known address is the best one
			found.client = client
			return found, true
		}
		if !p.trust(found.client) {
			return found, true
		}
	}
	return found, len(hops) > 0
}

// addrOf returns the IP address of address or address:port, also in brackets; the zero Addr if there is
// none.
func addrOf(address string) netip.Addr {
	address = strings.TrimSpace(address)
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(address, "["), "]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
