package process_test

import (
	"net"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/process"
)

func TestPort(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::]:0"} {
		var config net.ListenConfig
		taken, err := config.Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		wanted := taken.Addr().(*net.TCPAddr).Port
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
