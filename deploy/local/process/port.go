package process

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

// loopback is the only address at which the local stack listens by default.
const loopback = "127.0.0.1"

// Free ports are chosen below the range that systems use for outgoing connections, which could take a
// port between the check and its use.
const (
	minPort  = 15_000
	maxPort  = 32_000
	maxTries = 100
)

// Port returns the preferred port if it is free on the loopback address, otherwise another free one. Zero
// means no preference. The port is not reserved: another process can use it first.
func Port(ctx context.Context, preferred int) (int, error) {
	if preferred != 0 && Free(ctx, net.JoinHostPort(loopback, strconv.Itoa(preferred))) {
		return preferred, nil
	}
	for range maxTries {
		port := minPort + rand.IntN(maxPort-minPort) //nolint:gosec // G404: a port is no secret
		if Free(ctx, net.JoinHostPort(loopback, strconv.Itoa(port))) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("choosing a free port: %d tries between %d and %d found used ones", maxTries, minPort, maxPort)
}

// Free reports whether a server can listen at the address. It also connects to it, because some systems
// let two servers listen at one port if one of them listens at all addresses.
func Free(ctx context.Context, address string) bool {
	dialer := net.Dialer{Timeout: time.Second}
	if conn, err := dialer.DialContext(ctx, "tcp", address); err == nil {
		_ = conn.Close()
		return false
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
