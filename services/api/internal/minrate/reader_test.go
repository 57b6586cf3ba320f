package minrate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-io/longshore/pkg/fault"
)

// scriptedClient sends blocks after pauses, and observes its deadline as a connection does.
type scriptedClient struct {
	blocks   []block
	deadline time.Time
}

type block struct {
	pause time.Duration
	bytes int
}

func (c *scriptedClient) setDeadline(t time.Time) error { c.deadline = t; return nil }

func (c *scriptedClient) Read([]byte) (int, error) {
	if len(c.blocks) == 0 {
		return 0, io.EOF
	}
	next := c.blocks[0]
	c.blocks = c.blocks[1:]
	if time.Now().Add(next.pause).After(c.deadline) {
		time.Sleep(time.Until(c.deadline)) // the clock of the bubble
		return 0, fmt.Errorf("reading: %w", os.ErrDeadlineExceeded)
	}
	time.Sleep(next.pause) // the clock of the bubble
	return next.bytes, nil
}

func repeat(n int, b block) (all []block) {
	for range n {
		all = append(all, b)
	}
	return all
}

func TestReaderEnforcesLimit(t *testing.T) {
	t.Parallel()
	const megabyte = 1 << 20
	for name, tt := range map[string]struct {
		blocks []block
		slow   bool
	}{
		"silent from the start":         {[]block{{31 * time.Second, 1}}, true},
		"slow at first":                 {[]block{{29 * time.Second, megabyte}, {29 * time.Second, megabyte}}, false},
		"at the minimum rate":           {repeat(1000, block{time.Second, 1001}), false},
		"at half the minimum rate":      {repeat(1000, block{time.Second, 500}), true},
		"sixteen GiB":                   {repeat(16<<10, block{time.Millisecond, megabyte}), false},
		"silent after a quick gigabyte": {append(repeat(1024, block{0, megabyte}), block{31 * time.Second, 1}), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := &scriptedClient{blocks: tt.blocks}
				limit := Limit{Grace: 30 * time.Second, MinRate: 1000}
				reader := &Reader{body: client, setDeadline: client.setDeadline, budget: NewBudget(limit)}
				var err error
				for err == nil {
					_, err = reader.Read(nil)
				}
				if slow := fault.Is(err, fault.TooSlow); slow != tt.slow || !slow && !errors.Is(err, io.EOF) {
					t.Errorf("Read() = %v, want a fault of kind TooSlow: %t", err, tt.slow)
				}
			})
		})
	}
}

func TestToFault(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		kind fault.Kind
		code string
	}{
		"deadline": {fmt.Errorf("reading: %w", os.ErrDeadlineExceeded), fault.TooSlow, "upload-too-slow"},
		"cut off":  {fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), fault.Malformed, "upload-cut-off"},
		"reset":    {fmt.Errorf("reading: %w", syscall.ECONNRESET), fault.Malformed, "upload-cut-off"},
		"framing":  {errors.New("invalid byte in chunk length"), fault.Malformed, "bad-framing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := fault.Of(toFault(tt.err))
			if got.Kind != tt.kind {
				t.Errorf("kind = %v, want %v", got.Kind, tt.kind)
			}
			if got.Code != tt.code {
				t.Errorf("code = %s, want %s", got.Code, tt.code)
			}
		})
	}
}
