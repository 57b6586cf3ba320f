package session

import (
	"context"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// hosts remembers which of several hosts in the address of the database a connection leads to. It is
// safe for concurrent use.
//
// The driver tries the hosts in the order of the address. After a failover the first one may be a
// machine that does not answer, so that every new connection would cost a timeout, or an old primary
// that came back. So the host of the last connection that worked is tried first.
type hosts struct {
	mu sync.Mutex
	// names are the names in the address by the IP address to which they were resolved.
	names map[string]string
	last  host
}

// host is a host in the address of the database; the zero value is none.
type host struct {
	name string
	port uint16
}

// lookup resolves a name. It is the driver's LookupFunc.
func (h *hosts) lookup(ctx context.Context, name string) ([]string, error) {
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.names == nil {
		h.names = make(map[string]string)
	}
	for _, address := range addresses {
		h.names[address] = name
	}
	return addresses, err
}

// of returns the host at the other end of a connection; none for a Unix socket.
func (h *hosts) of(conn net.Conn) host {
	address, text, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		return host{}
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return host{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return host{h.names[address], uint16(port)}
}

// worked records the host of a connection that the driver has opened.
func (h *hosts) worked(conn net.Conn) {
	used := h.of(conn)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = used
}

// preferLast lets a connection try the host of the last one first. It is the pool's BeforeConnect.
func (h *hosts) preferLast(_ context.Context, config *pgx.ConnConfig) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	targets := targetsOf(config)
	slices.SortStableFunc(targets, func(a, b *pgconn.FallbackConfig) int { return h.rank(a) - h.rank(b) })
	setTargets(config, targets)
	return nil
}

func (h *hosts) rank(target *pgconn.FallbackConfig) int {
	if hostOf(target) == h.last {
		return 0
	}
	return 1
}

// keepOnly lets a connection try one host only. A host that is not in the address changes nothing.
func keepOnly(config *pgx.ConnConfig, only host) {
	targets := slices.DeleteFunc(targetsOf(config), func(t *pgconn.FallbackConfig) bool { return hostOf(t) != only })
	if len(targets) > 0 {
		setTargets(config, targets)
	}
}

func hostOf(target *pgconn.FallbackConfig) host { return host{target.Host, target.Port} }

// targetsOf returns what the driver tries, in this order: each host, as a rule first with TLS and then
// without.
func targetsOf(config *pgx.ConnConfig) []*pgconn.FallbackConfig {
	first := &pgconn.FallbackConfig{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}
	return append([]*pgconn.FallbackConfig{first}, config.Fallbacks...)
}

func setTargets(config *pgx.ConnConfig, targets []*pgconn.FallbackConfig) {
	config.Host, config.Port, config.TLSConfig = targets[0].Host, targets[0].Port, targets[0].TLSConfig
	config.Fallbacks = targets[1:]
}
