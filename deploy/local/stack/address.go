package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// addressVariable says where the api listens.
const addressVariable = "LONGSHORE_ADDR"

// defaultAPIPort is the api's own.
const defaultAPIPort = 8080

// apiAddress returns where the api is to listen. A wish of the environment is a must; without one another port does
// when the usual one is taken, which is said.
func apiAddress(ctx context.Context, say *process.Lines) (string, error) {
	if wish := os.Getenv(addressVariable); wish != "" {
		if !process.Free(ctx, local(wish)) {
			return "", fmt.Errorf("%s is %s, where another program listens: stop it, or choose another address", addressVariable, wish)
		}
		return wish, nil
	}
	port, err := process.Port(ctx, defaultAPIPort)
	if err != nil {
		return "", err
	}
	if port != defaultAPIPort {
		say.Printf("port %d is taken: the API gets port %d", defaultAPIPort, port)
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
