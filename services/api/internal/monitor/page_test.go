package monitor_test

import (
	"testing"

	"github.com/longshore-io/longshore/services/api/internal/monitor"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"2026-11-22T09:00:00Z":        true,
		"0001-01-01T00:00:00Z":        true,
		"9998-12-31T23:59:59.999999Z": true,
		"9998-12-31T23:59:59-12:00":   false,
		"9999-12-31T23:59:59-12:00":   false,
		"0000-01-01T00:00:00+14:00":   false,
		"2026-11-22":                  false,
		"2026-11-22T09:00:00":         false,
		"yesterday":                   false,
	} {
		if _, got := monitor.ParseTime(text); got != want {
			t.Errorf("ParseTime(%q) = %t, want %t", text, got, want)
		}
	}
}
