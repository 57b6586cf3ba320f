// Package pgproxy is a proxy for tests that puts faults between a program and its servers:
// connections that fall silent, end, or are refused. Postgres also knows the protocol of Postgres,
// so that a fault can hit one statement, or the answer to it. Only tests import it.
//
// Every process under test gets a proxy of its own, so that a fault hits this process only. Faults
// can be switched while connections are open.
package pgproxy

import (
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
)

// Proxy forwards TCP connections to a server and knows no protocol. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	server   string // host:port
	// newProtocol returns the reader of a new connection's messages.
	newProtocol func(*conn) protocol

	mu     sync.Mutex
	conns  []*conn
	silent bool // new connections start silent
	closed bool
	ended  sync.WaitGroup
}

// StartTCP starts a proxy for the server at an address (host:port), until the end of the test.
func StartTCP(tb testing.TB, server string) *Proxy {
	tb.Helper()
	return start(tb, server, func(c *conn) protocol { return rawBytes{c} })
}

func start(tb testing.TB, server string, newProtocol func(*conn) protocol) *Proxy {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("starting a fault proxy: %v", err)
	}
	p := &Proxy{listener: listener, server: server, newProtocol: newProtocol}
	p.ended.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// Addr returns the address (host:port) at which the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Silence makes all open connections silent: what each side sends is received and acknowledged, but
// not forwarded, and neither side learns that the other has closed the connection. New connections
// work. It resembles a server whose host has vanished and was replaced.
func (p *Proxy) Silence() {
	for _, c := range p.open() {
		c.setSilent(true)
	}
}

// SilenceAll makes all open and all new connections silent. It resembles a server that is frozen or
// a network that is partitioned.
func (p *Proxy) SilenceAll() {
	p.mu.Lock()
	p.silent = true
	p.mu.Unlock()
	p.Silence()
}

// Restore ends silence. What was sent meanwhile is forwarded.
func (p *Proxy) Restore() {
	p.mu.Lock()
	p.silent = false
	p.mu.Unlock()
	for _, c := range p.open() {
		c.setSilent(false)
	}
}

// Reset ends all open connections with a TCP reset, also those that are silent.
func (p *Proxy) Reset() {
	for _, c := range p.open() {
		c.reset()
	}
}

// Connections returns the number of connections that the program has open.
func (p *Proxy) Connections() (n int) {
	for _, c := range p.open() {
		if !c.clientClosed() {
			n++
		}
	}
	return n
}

func (p *Proxy) open() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.conns)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			p.ended.Go(func() { p.serve(client) })
		}
	}
}

func (p *Proxy) serve(client net.Conn) {
	c := newConn(client)
	if !p.add(c) {
		c.reset()
		return
	}
	c.run(p.server, p.newProtocol(c))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = slices.DeleteFunc(p.conns, func(other *conn) bool { return other == c })
}

// add reports whether the proxy still runs.
func (p *Proxy) add(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	c.setSilent(p.silent)
	p.conns = append(p.conns, c)
	return true
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Reset()
	p.ended.Wait()
}
