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

// fakeProcess ends when the test calls end.
type fakeProcess struct {
	done   chan struct{}
	starts int
}

func (p *fakeProcess) Done() <-chan struct{} { return p.done }
func (p *fakeProcess) Err() error            { return errors.New("exit status 3") }
func (p *fakeProcess) Stop() error           { return nil }
func (p *fakeProcess) end()                  { close(p.done) }

func (p *fakeProcess) Restart(context.Context) error {
	p.starts++
	p.done = make(chan struct{})
	return nil
}

func TestSupervise(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pauses  []time.Duration // before each end
		starts  int
		wantErr string
	}{
		"never ends":                      {nil, 0, ""},
		"ends rarely":                     {[]time.Duration{1, 70 * time.Second, 70 * time.Second, 70 * time.Second, 70 * time.Second}, 5, ""},
		"ends three times":                {[]time.Duration{1, 5 * time.Second, 5 * time.Second}, 3, ""},
		"ends four times within a minute": {[]time.Duration{1, 5 * time.Second, 5 * time.Second, 5 * time.Second}, 3, "api ended 4 times within 1m0s, most recently with exit status 3"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var output strings.Builder
				log := process.NewConsole(&output, 1).Lines("longshore")
				p := &fakeProcess{done: make(chan struct{})}
				ctx, cancel := context.WithCancel(t.Context())
				result := make(chan error, 1)
				go func() { result <- unit{Process: p, name: "api"}.supervise(ctx, log) }()
				for _, pause := range test.pauses {
					time.Sleep(pause) // the clock of the bubble
					synctest.Wait()
					p.end()
				}
				time.Sleep(2 * restartDelay) // the clock of the bubble
				cancel()
				err := <-result
				if (err == nil) != (test.wantErr == "") || (err != nil && err.Error() != test.wantErr) {
					t.Errorf("supervise() = %v, want error %q", err, test.wantErr)
				}
				if p.starts != test.starts {
					t.Errorf("starts = %d, want %d; log:\n%s", p.starts, test.starts, output.String())
				}
			})
		})
	}
}
