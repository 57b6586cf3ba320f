package session

import (
	"net"
	"time"
)

const (
	// unacknowledgedTimeout is how long sent data may stay unacknowledged before the kernel closes
	// the connection.
	unacknowledgedTimeout = 6 * time.Second
	// A connection on which nothing is sent is probed by the kernel, and closed after
	// keepAliveIdle + keepAliveCount × keepAliveInterval without an answer.
	keepAliveIdle     = 3 * time.Second
	keepAliveInterval = time.Second
	keepAliveCount    = 3
)

// dialer opens connections that notice when the server's machine is gone.
var dialer = net.Dialer{
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount},
	Control:         setUserTimeout,
}
