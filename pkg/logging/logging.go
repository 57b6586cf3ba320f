// Package logging makes the log of a service: structured records, JSON for machines or text for people, that carry what is known about the
// work in whose course they are written.
package logging

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

// New returns the log of a service. It writes JSON for machines, with the service's name in every record and durations in seconds, or text for people if
// LONGSHORE_LOG_FORMAT says text: they see the name beside each line already. Records carry what With put into their context. Of an error of Postgres'
// that quotes a client's data only the code is written.
func New(out io.Writer, service string, environ map[string]string) (*slog.Logger, error) {
	var level slog.Level // info
	if word := environ[logLevel]; word != "" {
		if err := level.UnmarshalText([]byte(word)); err != nil {
			return nil, fmt.Errorf("%s must be debug, info, warn or error, not %q", logLevel, word)
		}
	}
	switch word := environ[logFormat]; word {
	case "", "json":
		log := slog.New(inContext{slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: forMachines})})
		return log.With(slog.String("service", service)), nil
	case textFormat:
		return slog.New(inContext{tint.NewTextHandler(out, &tint.Options{Level: level, TimeFormat: time.TimeOnly + ".000", NoColor: true, ReplaceAttr: forPeople})}), nil
	default:
		return nil, fmt.Errorf("%s must be json or text, not %q", logFormat, word)
	}
}

// forMachines writes durations as the metrics do, in seconds; a number of nanoseconds is read wrongly by most.
func forMachines(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.Float64Value(a.Value.Duration().Seconds())
	}
	return withoutValues(a)
}

func forPeople(_ []string, a slog.Attr) slog.Attr { return withoutValues(a) }
