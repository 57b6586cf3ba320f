// Package logging creates the log of a service: structured records, as JSON for machines or text for
// people, with the attributes of their context.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"
)

// The variables that configure the log.
const (
	logFormat = "LONGSHORE_LOG_FORMAT"
	logLevel  = "LONGSHORE_LOG_LEVEL"
)

// textFormat is the value of LONGSHORE_LOG_FORMAT for text.
const textFormat = "text"

// New returns the log of a service. It writes JSON with the name of the service and durations in
// seconds, or text without the name if LONGSHORE_LOG_FORMAT is text (the local launcher prefixes each
// line with it). Records contain the attributes that With has added to their context. Messages of
// Postgres that may quote a client's data are replaced; see redact.
func New(out io.Writer, service string, environ map[string]string) (*slog.Logger, error) {
	var level slog.Level // info
	if value := environ[logLevel]; value != "" {
		if err := level.UnmarshalText([]byte(value)); err != nil {
			return nil, fmt.Errorf("%s must be debug, info, warn or error, not %q", logLevel, value)
		}
	}
	switch value := environ[logFormat]; value {
	case "", "json":
		log := slog.New(contextHandler{slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: replaceForJSON})})
		return log.With(slog.String("service", service)), nil
	case textFormat:
		return slog.New(contextHandler{tint.NewTextHandler(out, &tint.Options{
			Level: level, TimeFormat: time.TimeOnly + ".000", NoColor: true, ReplaceAttr: replaceForText,
		})}), nil
	default:
		return nil, fmt.Errorf("%s must be json or text, not %q", logFormat, value)
	}
}

// replaceForJSON converts durations to seconds, the unit of the metrics; slog's default is nanoseconds.
func replaceForJSON(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.Float64Value(a.Value.Duration().Seconds())
	}
	return redact(a)
}

func replaceForText(_ []string, a slog.Attr) slog.Attr { return redact(a) }
