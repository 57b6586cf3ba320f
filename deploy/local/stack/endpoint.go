package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// endpoint is an address where the stack accepts connections from outside.
type endpoint struct {
	name        string // in messages and in the file of ports
	variable    string // the environment variable that sets the address
	defaultPort int
}

var (
	apiEndpoint     = endpoint{"api", "LONGSHORE_ADDR", 8080}
	consoleEndpoint = endpoint{"console", "LONGSHORE_CONSOLE_ADDR", 8090}
)

// The admin listeners of the services, which serve health and metrics, get the ports from
// firstAdminPort on, in the order of their start.
const (
	adminVariable  = "LONGSHORE_ADMIN_ADDR"
	firstAdminPort = 9101
)

// address returns the address to listen at. An address from the environment must be free. Otherwise
// it is a port of 127.0.0.1 that stays the same at every start, as long as it is free.
func (e endpoint) address(ctx context.Context, ports *ports) (string, error) {
	if configured := os.Getenv(e.variable); configured != "" {
		if !process.Free(ctx, connectAddress(configured)) {
			return "", fmt.Errorf("%s is %s, which is used by another program: stop it, or choose another address", e.variable, configured)
		}
		return configured, nil
	}
	port, err := ports.choose(ctx, e.name, e.defaultPort)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), nil
}

// connectAddress converts an address to listen at into one to connect to: an empty or unspecified
// host means this machine.
func connectAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
