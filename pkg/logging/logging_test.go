package logging

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLogFormats(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		environ      map[string]string
		shows, hides string
		fails        bool
	}{
		"json":       {map[string]string{}, `"msg":"hello","service":"example","n":1,"took":0.25`, "whisper", false},
		"text":       {map[string]string{logFormat: "text"}, "INF hello n=1 took=250ms", "whisper", false},
		"debug":      {map[string]string{logLevel: "debug"}, `"msg":"whisper"`, "nothing", false},
		"bad format": {map[string]string{logFormat: "xml"}, "", "", true},
		"bad level":  {map[string]string{logLevel: "loud"}, "", "", true},
	} {
		var out bytes.Buffer
		log, err := New(&out, "example", tt.environ)
		if (err != nil) != tt.fails {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		log.Info("hello", slog.Int("n", 1), slog.Duration("took", 250*time.Millisecond))
		log.Debug("whisper")
		if got := out.String(); !strings.Contains(got, tt.shows) || strings.Contains(got, tt.hides) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestRecordsCarryTheirContext: what is known about the work is in every record, once, whatever logger was derived on the way.
func TestRecordsCarryTheirContext(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := New(&out, "example", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := With(t.Context(), slog.String(RequestID, "r1"), slog.String(Operation, "old"))
	ctx = With(ctx, slog.String(Operation, "o1"))
	log.With(slog.Int("n", 1)).InfoContext(ctx, "derived")
	log.InfoContext(ctx, "told", slog.String(Operation, "o2"))
	log.Info("alone")
	want := []string{
		`"service":"example","n":1,"request_id":"r1","operation":"o1"}`,
		`"service":"example","operation":"o2","request_id":"r1"}`,
		`"msg":"alone","service":"example"}`,
	}
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if !strings.HasSuffix(line, want[i]) {
			t.Errorf("%s does not end with %s", line, want[i])
		}
	}
}
