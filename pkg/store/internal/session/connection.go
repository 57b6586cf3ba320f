package session

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// connections are the open network connections of a pool. It is safe for concurrent use.
type connections struct {
	mu   sync.Mutex
	open map[*connection]struct{}
}

// dial opens a network connection.
func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := &connection{Conn: raw, owner: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = make(map[*connection]struct{})
	}
	c.open[conn] = struct{}{}
	return conn, nil
}

func (c *connections) remove(conn *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
}

func (c *connections) all() []*connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*connection, 0, len(c.open))
	for conn := range c.open {
		all = append(all, conn)
	}
	return all
}

// closeAll closes the network connections. Their users get an error.
func (c *connections) closeAll() {
	for _, conn := range c.all() {
		_ = conn.Close() // nothing is sent any more
	}
}

// connection is a network connection that measures for how long its user waits for it.
type connection struct {
	net.Conn
	owner *connections
	// key identifies the session: the process id of its backend or, behind a pooler, the key of its
	// advisory lock. It is 0 until the session is open.
	key atomic.Uint32
	// waiting is the number of reads and writes that have not returned; since is when the first of
	// them began or the last one returned, in nanoseconds of the Unix time.
	waiting atomic.Int32
	since   atomic.Int64
	// silent is set before the watchdog closes the connection.
	silent atomic.Bool
	// seen is what the watchdog saw last.
	seen view
}

// connectionOf returns the network connection of a session; nil if it has been replaced by a test.
func connectionOf(conn *pgx.Conn) *connection {
	raw := conn.PgConn().Conn()
	if encrypted, ok := raw.(*tls.Conn); ok {
		raw = encrypted.NetConn()
	}
	c, _ := raw.(*connection)
	return c
}

// opened records the key of the session.
func (c *connection) opened(key uint32) { c.key.Store(key) }

// Read reads data of the server.
func (c *connection) Read(p []byte) (int, error) {
	c.begin()
	defer c.end()
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

// Write sends data to the server.
func (c *connection) Write(p []byte) (int, error) {
	c.begin()
	defer c.end()
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

// Close closes the connection.
func (c *connection) Close() error {
	c.owner.remove(c)
	return c.Conn.Close()
}

func (c *connection) begin() {
	if c.waiting.Add(1) == 1 {
		c.since.Store(time.Now().UnixNano())
	}
}

func (c *connection) end() {
	c.since.Store(time.Now().UnixNano())
	c.waiting.Add(-1)
}

// waits returns for how long the user of the connection has been waiting; 0 if it does not wait.
func (c *connection) waits() time.Duration {
	if c.waiting.Load() == 0 {
		return 0
	}
	return time.Since(time.Unix(0, c.since.Load()))
}

// idle returns for how long nothing has been sent or received.
func (c *connection) idle() time.Duration { return time.Since(time.Unix(0, c.since.Load())) }

// endSilent closes the connection, so that its user gets a silentError.
func (c *connection) endSilent() {
	c.silent.Store(true)
	_ = c.Close() // the server does not answer
}

func (c *connection) explain(err error) error {
	if err != nil && c.silent.Load() {
		return silentError{}
	}
	return err
}

// silentError is the error of a session that was ended because it did not answer. Like the errors of
// the network it implements net.Error.
type silentError struct{}

// Error returns the message.
func (silentError) Error() string { return "the connection to Postgres went silent and was closed" }

// Timeout reports that the error is a timeout.
func (silentError) Timeout() bool { return true }

// Temporary reports that another connection may work.
func (silentError) Temporary() bool { return true }
