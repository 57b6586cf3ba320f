package access

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxRefusals is how many wrong logins a client may send within RetryAfter.
	maxRefusals = 10
	// maxClients bounds the memory of a throttle. When more clients send wrong logins at the same time,
	// all of them start again.
	maxClients = 10_000
	// ipv6Network is the length of the prefix that identifies a client with an IPv6 address: providers
	// assign a whole /64 to a single customer.
	ipv6Network = 64
)

// Throttle counts the wrong logins of each client. It is safe for concurrent use.
type Throttle struct {
	mu      sync.Mutex
	clients map[string]refusals
}

// refusals are the wrong logins of one client since a time.
type refusals struct {
	since time.Time
	count int
}

// NewThrottle returns a throttle without wrong logins.
func NewThrottle() *Throttle { return &Throttle{clients: make(map[string]refusals)} }

// Allows reports whether the next login of the request's client may be compared.
func (t *Throttle) Allows(r *http.Request) bool { return t.allows(clientOf(r.RemoteAddr), time.Now()) }

// Count counts a wrong login of the request's client.
func (t *Throttle) Count(r *http.Request) { t.count(clientOf(r.RemoteAddr), time.Now()) }

// allows reports whether the next login of the client may be compared.
func (t *Throttle) allows(client string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.clients[client]
	return r.count < maxRefusals || now.Sub(r.since) >= RetryAfter
}

// count counts a wrong login.
func (t *Throttle) count(client string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.clients) >= maxClients {
		clear(t.clients)
	}
	r := t.clients[client]
	if now.Sub(r.since) >= RetryAfter {
		r = refusals{since: now}
	}
	r.count++
	t.clients[client] = r
}

// clientOf returns the address of a client without its port, and of an IPv6 address its network.
func clientOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	address, err := netip.ParseAddr(host)
	if err != nil || address.Unmap().Is4() {
		return host
	}
	network, err := address.WithZone("").Prefix(ipv6Network)
	if err != nil {
		return host
	}
	return network.String()
}
