package process_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/process"
)

func TestPort(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "0.0.0.0", "::"} {
		// None of those that the system gives to outgoing connections, which could have it the moment it is free.
		wanted, err := process.Port(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		var config net.ListenConfig
		taken, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(host, strconv.Itoa(wanted)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := process.Port(t.Context(), wanted)
		if err != nil || got == wanted || got == 0 {
			t.Errorf("while %s listens: Port(%d) = %d, %v", taken.Addr(), wanted, got, err)
		}
		if err := taken.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := process.Port(t.Context(), wanted); err != nil || got != wanted {
			t.Errorf("after it was closed: Port(%d) = %d, %v", wanted, got, err)
		}
	}
}
