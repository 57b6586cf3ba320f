package logging

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestNew(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		environ      map[string]string
		want, absent string
		fails        bool
	}{
		"json":       {map[string]string{}, `"msg":"hello","service":"example","n":1,"took":0.25`, "whisper", false},
		"text":       {map[string]string{logFormat: "text"}, "INF hello n=1 took=250ms", "whisper", false},
		"debug":      {map[string]string{logLevel: "debug"}, `"msg":"whisper"`, "nothing", false},
		"bad format": {map[string]string{logFormat: "xml"}, "", "", true},
		"bad level":  {map[string]string{logLevel: "loud"}, "", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log, err := New(&out, "example", tt.environ)
			if (err != nil) != tt.fails {
				t.Fatalf("New() = %v, want an error: %v", err, tt.fails)
			}
			if err != nil {
				return
			}
			log.Info("hello", slog.Int("n", 1), slog.Duration("took", 250*time.Millisecond))
			log.Debug("whisper")
			if got := out.String(); !strings.Contains(got, tt.want) || strings.Contains(got, tt.absent) {
				t.Errorf("log = %s, want it to contain %q and not %q", got, tt.want, tt.absent)
			}
		})
	}
}

// TestWith checks that the attributes of the context are in every record once, also with derived
// loggers.
func TestWith(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := New(&out, "example", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := With(t.Context(), slog.String(RequestID, "r1"), slog.String(Operation, "old"))
	ctx = With(ctx, slog.String(Operation, "o1"))
	log.With(slog.Int("n", 1)).InfoContext(ctx, "derived")
	log.InfoContext(ctx, "explicit", slog.String(Operation, "o2"))
	log.Info("no context")
	want := []string{
		`"service":"example","n":1,"request_id":"r1","operation":"o1"}`,
		`"service":"example","operation":"o2","request_id":"r1"}`,
		`"msg":"no context","service":"example"}`,
	}
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if !strings.HasSuffix(line, want[i]) {
			t.Errorf("record = %s, want it to end with %s", line, want[i])
		}
	}
}
