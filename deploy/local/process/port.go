package process

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

// loopback is the only address that the local stack opens by itself.
const loopback = "127.0.0.1"

// Free ports are sought below those that systems give to outgoing connections, which would come and go in the moment
// between the search and the use.
const (
	lowestPort  = 15_000
	highestPort = 32_000
	portTries   = 100
)

// Port returns the wanted port if it is free on the loopback address, else another free one. Zero wants any. The port
// is not reserved: somebody else may take it before it is used.
func Port(ctx context.Context, wanted int) (int, error) {
	if wanted != 0 && Free(ctx, net.JoinHostPort(loopback, strconv.Itoa(wanted))) {
		return wanted, nil
	}
	for range portTries {
		port := lowestPort + rand.IntN(highestPort-lowestPort) //nolint:gosec // G404: a port is no secret
		if Free(ctx, net.JoinHostPort(loopback, strconv.Itoa(port))) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("looking for a free port: %d between %d and %d are taken", portTries, lowestPort, highestPort)
}

// Free tells whether a server could listen at the address. It also dials, because some systems let two servers share a
// port when one of them listens on all addresses.
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
