package service

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"
)

// The variables that shape the log.
const (
	logFormat = "LONGSHORE_LOG_FORMAT"
	logLevel  = "LONGSHORE_LOG_LEVEL"
)

// textFormat is the value of LONGSHORE_LOG_FORMAT for people.
const textFormat = "text"

// newLogger writes JSON for machines, or text for people if LONGSHORE_LOG_FORMAT says text.
func newLogger(out io.Writer, environ map[string]string) (*slog.Logger, error) {
	var level slog.Level // info
	if word := environ[logLevel]; word != "" {
		if err := level.UnmarshalText([]byte(word)); err != nil {
			return nil, fmt.Errorf("%s must be debug, info, warn or error, not %q", logLevel, word)
		}
	}
	switch word := environ[logFormat]; word {
	case "", "json":
		return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level})), nil
	case textFormat:
		return slog.New(tint.NewTextHandler(out, &tint.Options{Level: level, TimeFormat: time.TimeOnly + ".000", NoColor: true})), nil
	default:
		return nil, fmt.Errorf("%s must be json or text, not %q", logFormat, word)
	}
}
