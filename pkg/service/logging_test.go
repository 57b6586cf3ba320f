package service

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestLogFormats(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		environ      map[string]string
		shows, hides string
		fails        bool
	}{
		"json":       {map[string]string{}, `"msg":"hello","n":1`, "whisper", false},
		"text":       {map[string]string{logFormat: "text"}, "INF hello n=1", "whisper", false},
		"debug":      {map[string]string{logLevel: "debug"}, `"msg":"whisper"`, "nothing", false},
		"bad format": {map[string]string{logFormat: "xml"}, "", "", true},
		"bad level":  {map[string]string{logLevel: "loud"}, "", "", true},
	} {
		var out bytes.Buffer
		log, err := newLogger(&out, tt.environ)
		if (err != nil) != tt.fails {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		log.Info("hello", slog.Int("n", 1))
		log.Debug("whisper")
		if got := out.String(); !strings.Contains(got, tt.shows) || strings.Contains(got, tt.hides) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
