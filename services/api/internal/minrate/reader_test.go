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

// script is a client that sends pieces after pauses. It keeps the deadline as a connection does.
type script struct {
	pieces   []piece
	deadline time.Time
}

type piece struct {
	pause time.Duration
	bytes int
}

func (s *script) setDeadline(t time.Time) error { s.deadline = t; return nil }

func (s *script) Read([]byte) (int, error) {
	if len(s.pieces) == 0 {
		return 0, io.EOF
	}
	next := s.pieces[0]
	s.pieces = s.pieces[1:]
	if time.Now().Add(next.pause).After(s.deadline) {
		time.Sleep(time.Until(s.deadline)) // the clock of the bubble
		return 0, fmt.Errorf("reading: %w", os.ErrDeadlineExceeded)
	}
	time.Sleep(next.pause) // the clock of the bubble
	return next.bytes, nil
}

func repeat(n int, p piece) (all []piece) {
	for range n {
		all = append(all, p)
	}
	return all
}

func TestPatienceIsEarnedByBytes(t *testing.T) {
	t.Parallel()
	const megabyte = 1 << 20
	for name, tt := range map[string]struct {
		pieces []piece
		slow   bool
	}{
		"silent from the start":         {[]piece{{31 * time.Second, 1}}, true},
		"slow at first":                 {[]piece{{29 * time.Second, megabyte}, {29 * time.Second, megabyte}}, false},
		"as fast as it must":            {repeat(1000, piece{time.Second, 1001}), false},
		"a trickle":                     {repeat(1000, piece{time.Second, 500}), true},
		"sixteen GiB":                   {repeat(16<<10, piece{time.Millisecond, megabyte}), false},
		"silent after a quick gigabyte": {append(repeat(1024, piece{0, megabyte}), piece{31 * time.Second, 1}), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := &script{pieces: tt.pieces}
				body := &Reader{
					body: client, deadline: client.setDeadline,
					budget: NewBudget(Limit{Grace: 30 * time.Second, MinRate: 1000}),
				}
				var err error
				for err == nil {
					_, err = body.Read(nil)
				}
				if slow := fault.Is(err, fault.TooSlow); slow != tt.slow || !slow && !errors.Is(err, io.EOF) {
					t.Errorf("ended with %v", err)
				}
			})
		})
	}
}

func TestBlameIsTheClients(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		kind fault.Kind
		code string
	}{
		"slow":    {fmt.Errorf("reading: %w", os.ErrDeadlineExceeded), fault.TooSlow, "upload-too-slow"},
		"cut off": {fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), fault.Malformed, "upload-cut-off"},
		"reset":   {fmt.Errorf("reading: %w", syscall.ECONNRESET), fault.Malformed, "upload-cut-off"},
		"framing": {errors.New("invalid byte in chunk length"), fault.Malformed, "bad-framing"},
	} {
		if got := fault.Of(toFault(tt.err)); got.Kind != tt.kind || got.Code != tt.code {
			t.Errorf("%s: %v", name, got)
		}
	}
}
