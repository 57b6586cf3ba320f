package service

import (
	"fmt"
	"io"
	"log/slog"
)

// The variables that shape the log.
const (
	logFormat = "LONGSHORE_LOG_FORMAT"
	logLevel  = "LONGSHORE_LOG_LEVEL"
)

// newLogger writes JSON for machines, or text for people if LONGSHORE_LOG_FORMAT says text.
func newLogger(out io.Writer, environ map[string]string) (*slog.Logger, error) {
	var level slog.Level // info
	if word := environ[logLevel]; word != "" {
		if err := level.UnmarshalText([]byte(word)); err != nil {
			return nil, fmt.Errorf("%s must be debug, info, warn or error, not %q", logLevel, word)
		}
	}
	opts := &slog.HandlerOptions{Level: level}
	switch word := environ[logFormat]; word {
	case "", "json":
		return slog.New(slog.NewJSONHandler(out, opts)), nil
	case "text":
		return slog.New(slog.NewTextHandler(out, opts)), nil
	default:
		return nil, fmt.Errorf("%s must be json or text, not %q", logFormat, word)
	}
}
