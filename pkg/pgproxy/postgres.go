package pgproxy

import (
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Postgres is a Proxy in front of a Postgres server that can also apply a Fault to single
// statements. It is safe for concurrent use. Connections through it are not encrypted.
type Postgres struct {
	*Proxy

	address url.URL

	mu      sync.Mutex
	faults  []*Injected
	refusal string // the SQLSTATE that new connections get
	seed    uint64
	opened  uint64 // number of connections so far
}

// StartPostgres starts a proxy for the server at a database URL, until the end of the test. The
// seed determines which statements a Fault with a Chance hits.
func StartPostgres(tb testing.TB, databaseURL string, seed uint64) *Postgres {
	tb.Helper()
	address, err := url.Parse(databaseURL)
	if err != nil {
		tb.Fatalf("reading the database URL for a fault proxy: %v", err)
	}
	port := address.Port()
	if port == "" {
		port = "5432"
	}
	p := &Postgres{address: *address, seed: seed}
	p.Proxy = start(tb, net.JoinHostPort(address.Hostname(), port), p.newSession)
	return p
}

// URL returns the database URL that leads through the proxy.
func (p *Postgres) URL() string {
	through := p.address
	through.Host = p.Addr()
	query := through.Query()
	query.Set("sslmode", "disable")
	through.RawQuery = query.Encode()
	return through.String()
}

// Inject adds a fault, which lasts until Remove, until it has hit fault.Times statements, or until
// Restore.
func (p *Postgres) Inject(fault Fault) *Injected {
	p.mu.Lock()
	defer p.mu.Unlock()
	injected := &Injected{fault: fault, proxy: p}
	p.faults = append(p.faults, injected)
	return injected
}

// Refuse answers every new connection with a fatal error of the SQLSTATE, such as 53300
// (too_many_connections) or 57P03 (cannot_connect_now), until Restore.
func (p *Postgres) Refuse(sqlState string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusal = sqlState
}

// Restore ends all faults and silence. What was sent during silence is forwarded.
func (p *Postgres) Restore() {
	p.mu.Lock()
	p.faults, p.refusal = nil, ""
	p.mu.Unlock()
	p.Proxy.Restore()
}

func (p *Postgres) newSession(c *conn) protocol {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened++
	return &session{
		conn: c, proxy: p, refusal: p.refusal, random: rand.New(rand.NewPCG(p.seed, p.opened)), //nolint:gosec // G404: faults are no secret
		statements: make(map[string]string), portals: make(map[string]string),
	}
}

// pick returns the first fault that hits the statement, or nil.
func (p *Postgres) pick(sql string, random *rand.Rand) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, injected := range p.faults {
		if !injected.takes(sql, random) {
			continue
		}
		if injected.hits == injected.fault.Times {
			p.faults = append(p.faults[:i:i], p.faults[i+1:]...)
		}
		return &injected.fault
	}
	return nil
}
