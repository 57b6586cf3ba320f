package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// door is where people and programs come in.
type door struct {
	name     string // for people
	variable string // says where it is
	port     int    // the usual one
}

var (
	apiDoor     = door{"API", "LONGSHORE_ADDR", 8080}
	consoleDoor = door{"console", "LONGSHORE_CONSOLE_ADDR", 8090}
)

// address returns where the door is to be. A wish of the environment is a must; without one another port does when the usual one is
// taken, which is said.
func (d door) address(ctx context.Context, say *process.Lines) (string, error) {
	if wish := os.Getenv(d.variable); wish != "" {
		if !process.Free(ctx, local(wish)) {
			return "", fmt.Errorf("%s is %s, where another program listens: stop it, or choose another address", d.variable, wish)
		}
		return wish, nil
	}
	port, err := process.Port(ctx, d.port)
	if err != nil {
		return "", err
	}
	if port != d.port {
		say.Printf("port %d is taken: the %s gets port %d", d.port, d.name, port)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), nil
}

// local turns an address to listen at into one to connect to: an empty or unspecified host means this machine.
func local(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
