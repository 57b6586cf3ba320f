package admission

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"github.com/longshore-io/longshore/services/api/internal/edge"
)

const (
	// reserve is the part of the limit of connections, as its divisor, that is open in addition for
	// requests that occupy nothing, such as polls, cancels and deletes.
	reserve = 4
	// refusalTimeout bounds the refusal of a connection, and maxRefusals how many are refused with an
	// answer at the same time; others are only closed.
	refusalTimeout = time.Second
	maxRefusals    = 100
)

// Connections limits the connections of a listener. Connections beyond the limit are served as long as
// the reserve lasts, but only for one request that occupies nothing. Beyond the reserve each gets an
// answer and is closed.
type Connections struct {
	regular *Pool
	// Reserved counts the connections that are served from the reserve.
	Reserved *Pool
	refusals chan struct{}
	// Shared, unless it is nil, reports whether the connections from a remote address carry the requests
	// of many clients, as those of a proxy do. Such a connection does not count for a client.
	Shared func(remote string) bool
	// TLS, unless it is nil, encrypts the refusals, as the server does with what it accepts.
	TLS *tls.Config
}

// Listener returns a listener that accepts the connections of l.
func (c *Connections) Listener(l net.Listener) net.Listener { return &listener{Listener: l, limits: c} }

// OnConnection is for http.Server.ConnContext: it marks the requests of connections beyond the limit.
func (c *Connections) OnConnection(ctx context.Context, conn net.Conn) context.Context {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	if counted, ok := conn.(*connection); ok && counted.refusal != nil {
		return context.WithValue(ctx, crowdedKey{}, counted.refusal)
	}
	return ctx
}

// crowdedKey is the key of the fault for requests of a connection beyond the limit.
type crowdedKey struct{}

// crowded returns the fault for what a request may not occupy, because its connection is one beyond
// the limit; nil for others.
func crowded(ctx context.Context) error {
	err, _ := ctx.Value(crowdedKey{}).(error)
	return err
}

type listener struct {
	net.Listener

	limits *Connections
}

// Accept returns the next connection that is within the limits.
func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		remote := conn.RemoteAddr().String()
		client := edge.ClientAt(remote)
		if l.limits.Shared != nil && l.limits.Shared(remote) {
			client = remote
		}
		refusal := l.limits.regular.take(client, 1)
		if refusal == nil {
			return &connection{Conn: conn, end: func() { l.limits.regular.give(client, 1) }}, nil
		}
		if l.limits.Reserved.take(client, 1) == nil {
			return &connection{Conn: conn, end: func() { l.limits.Reserved.give(client, 1) }, refusal: refusal}, nil
		}
		l.limits.refuse(conn, refusal)
	}
}

// refuse answers the first request when its first byte has arrived, and closes the connection. A client
// that has sent nothing takes an answer for an error of the protocol (Go's does).
func (c *Connections) refuse(conn net.Conn, refusal error) {
	select {
	case c.refusals <- struct{}{}:
	default:
		_ = conn.Close() // there are too many to answer
		return
	}
	go func() {
		defer func() { <-c.refusals }()
		if c.TLS != nil {
			conn = tls.Server(conn, c.TLS)
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(refusalTimeout))
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			return
		}
		_ = answer(conn, refusal)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, conn) // closing with unread data would reset the connection before the answer is read
	}()
}

// connection is a counted connection.
type connection struct {
	net.Conn

	// refusal is the fault for what the connection's requests may not occupy; nil within the limit.
	refusal error
	once    sync.Once
	end     func()
}

// Close closes the connection and stops counting it.
func (c *connection) Close() error {
	defer c.once.Do(c.end)
	return c.Conn.Close()
}

// CloseWrite closes the writing side. net/http uses it to let a client read an answer that was sent
// before its body was read.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
