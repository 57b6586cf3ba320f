package pgproxy

import (
	"context"
	"net"
	"sync"
	"time"
)

// conn is one connection of a program, and the connection to the server that belongs to it. Each
// direction has a reader, which never waits, and a writer, which applies the faults.
type conn struct {
	client, server net.Conn
	toServer       *queue
	toClient       *queue
	// done is closed when both connections are.
	done  chan struct{}
	close sync.Once

	mu     sync.Mutex
	silent bool
	spoken chan struct{} // closed when silence ends
	left   bool          // the client has closed its connection
}

// protocol reads messages, and puts what is to be forwarded into the connection's queues.
type protocol interface {
	// fromClient and fromServer return when the connection that they read ends.
	fromClient()
	fromServer()
}

func newConn(client net.Conn) *conn {
	return &conn{client: client, toServer: newQueue(), toClient: newQueue(), done: make(chan struct{}), spoken: make(chan struct{})}
}

// run forwards until both sides have closed the connection, or one of them while it is not silent.
func (c *conn) run(server string, p protocol) {
	defer c.reset()
	dialer := net.Dialer{Timeout: 10 * time.Second}
	var err error
	if c.server, err = dialer.DialContext(context.Background(), "tcp", server); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.fromClient(); c.leave(); c.toServer.push(item{fault: closeConn}) })
	both.Go(func() { p.fromServer(); c.toClient.push(item{fault: closeConn}) })
	both.Go(func() { c.write(c.server, c.toServer) })
	both.Go(func() { c.write(c.client, c.toClient) })
	<-c.done
	_, _ = c.client.Close(), c.server.Close()
	both.Wait()
}

// write applies and forwards the items of a queue in their order.
func (c *conn) write(to net.Conn, from *queue) {
	for {
		next, ok := from.pop(c.done)
		if !ok {
			return
		}
		if next.fault == silence {
			c.setSilent(true)
		}
		if !c.wait(next.delay) {
			return
		}
		switch next.fault {
		case reset:
			c.reset()
			return
		case closeConn:
			c.closeWrite(to)
			return
		case noFault, silence:
		}
		if _, err := to.Write(next.data); err != nil {
			c.end()
			return
		}
	}
}

// wait waits for the delay and until the connection is no longer silent. It reports false if the
// connection ended meanwhile.
func (c *conn) wait(delay time.Duration) bool {
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.done:
			return false
		}
	}
	for {
		c.mu.Lock()
		silent, spoken := c.silent, c.spoken
		c.mu.Unlock()
		if !silent {
			return true
		}
		select {
		case <-spoken:
		case <-c.done:
			return false
		}
	}
}

func (c *conn) setSilent(silent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent && !silent {
		close(c.spoken)
		c.spoken = make(chan struct{})
	}
	c.silent = silent
}

func (c *conn) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = true
}

func (c *conn) clientClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left
}

// closeWrite closes one side because the other was closed. The client can still read what was sent
// before, and then closes its connection, which ends both.
func (c *conn) closeWrite(to net.Conn) {
	if tcp, ok := to.(*net.TCPConn); ok && to == c.client {
		_ = tcp.CloseWrite()
		return
	}
	c.end()
}

// end ends both connections.
func (c *conn) end() { c.close.Do(func() { close(c.done) }) }

// reset is end with a TCP reset to the client.
func (c *conn) reset() {
	if tcp, ok := c.client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.client.Close()
	c.leave()
	c.end()
}

// rawBytes is the protocol of a Proxy that knows none.
type rawBytes struct{ conn *conn }

func (r rawBytes) fromClient() { forward(r.conn.client, r.conn.toServer) }

func (r rawBytes) fromServer() { forward(r.conn.server, r.conn.toClient) }

func forward(from net.Conn, to *queue) {
	for {
		data := make([]byte, 16<<10)
		n, err := from.Read(data)
		if err != nil {
			return
		}
		to.push(item{data: data[:n]})
	}
}
