package process_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// TestPort is not parallel: a process that another test starts has a copy of the listener between
// fork and exec, so that the port would not be free immediately after it is closed.
func TestPort(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "0.0.0.0", "::"} {
		// A port of the system's choice could be reused for an outgoing connection after its release.
		preferred, err := process.Port(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		var config net.ListenConfig
		listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(host, strconv.Itoa(preferred)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := process.Port(t.Context(), preferred)
		if err != nil || got == preferred || got == 0 {
			t.Errorf("Port(%d) while %s listens = %d, %v, want another port", preferred, listener.Addr(), got, err)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := process.Port(t.Context(), preferred); err != nil || got != preferred {
			t.Errorf("Port(%d) after the listener is closed = %d, %v, want the same", preferred, got, err)
		}
	}
}
