package stack

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-io/longshore/deploy/local/process"
)

// mortal is a process that ends when it is told to.
type mortal struct {
	done   chan struct{}
	starts int
}

func (m *mortal) Done() <-chan struct{} { return m.done }
func (m *mortal) Err() error            { return errors.New("exit status 3") }
func (m *mortal) Stop() error           { return nil }
func (m *mortal) end()                  { close(m.done) }

func (m *mortal) Restart(context.Context) error {
	m.starts++
	m.done = make(chan struct{})
	return nil
}

func TestSupervise(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pauses []time.Duration // before each end
		starts int
		fault  string
	}{
		"it lives":                      {nil, 0, ""},
		"it ends now and then":          {[]time.Duration{1, 70 * time.Second, 70 * time.Second, 70 * time.Second, 70 * time.Second}, 5, ""},
		"it ends three times":           {[]time.Duration{1, 5 * time.Second, 5 * time.Second}, 3, ""},
		"it ends four times in a while": {[]time.Duration{1, 5 * time.Second, 5 * time.Second, 5 * time.Second}, 3, "api ended 4 times within 1m0s, the last time with exit status 3"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var said strings.Builder
				say := process.NewConsole(&said, 1).Lines("longshore")
				m := &mortal{done: make(chan struct{})}
				ctx, cancel := context.WithCancel(t.Context())
				result := make(chan error, 1)
				go func() { result <- unit{Process: m, name: "api"}.supervise(ctx, say) }()
				for _, pause := range test.pauses {
					time.Sleep(pause) // the clock of the bubble
					synctest.Wait()
					m.end()
				}
				time.Sleep(2 * restartDelay) // the clock of the bubble
				cancel()
				err := <-result
				if (err == nil) != (test.fault == "") || (err != nil && err.Error() != test.fault) {
					t.Errorf("supervise returned %v", err)
				}
				if m.starts != test.starts {
					t.Errorf("%d starts instead of %d; said:\n%s", m.starts, test.starts, said.String())
				}
			})
		})
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		":8080":          "127.0.0.1:8080",
		"0.0.0.0:8080":   "127.0.0.1:8080",
		"[::]:8080":      "127.0.0.1:8080",
		"localhost:8080": "localhost:8080",
		"[::1]:8080":     "[::1]:8080",
	} {
		if got := local(address); got != want {
			t.Errorf("local(%q) = %q instead of %q", address, got, want)
		}
	}
}
