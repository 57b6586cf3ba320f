package stack

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/deploy/local/process"
)

func TestPortsChoose(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var output strings.Builder
	log := process.NewConsole(&output, 1).Lines("longshore")
	choose := func(name string, defaultPort int) int {
		t.Helper()
		opened, err := openPorts(folder, log)
		if err != nil {
			t.Fatal(err)
		}
		port, err := opened.choose(t.Context(), name, defaultPort)
		if err != nil {
			t.Fatal(err)
		}
		return port
	}
	free, err := process.Port(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := choose("api", free); got != free {
		t.Errorf("choose() with a free default = %d, want %d", got, free)
	}
	if got := choose("api", free+1); got != free {
		t.Errorf("choose() after a start with %d = %d, want the same", free, got)
	}
	if output.Len() > 0 {
		t.Errorf("log while the ports are free = %q, want none", output.String())
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(free)))
	if err != nil {
		t.Fatal(err)
	}
	other := choose("api", free)
	if other == free {
		t.Errorf("choose() while %d is used = %d, want another port", free, other)
	}
	if want := "port " + strconv.Itoa(free) + " is used by another program: api gets port " + strconv.Itoa(other); !strings.Contains(output.String(), want) {
		t.Errorf("log = %q, want %q", output.String(), want)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if got := choose("api", free); got != other {
		t.Errorf("choose() at the next start = %d, want %d again", got, other)
	}
}

func TestOpenPortsRejectsABrokenFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, portsFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openPorts(folder, nil); err == nil || !strings.Contains(err.Error(), portsFile) {
		t.Errorf("openPorts() = %v, want an error that names %s", err, portsFile)
	}
}
