package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"
)

// Postgres counts dates in days and timestamps in microseconds from the start of the year 2000.
const (
	epochSeconds  = 946_684_800
	secondsPerDay = 86_400
)

// Layouts of a timestamp without an offset: those of ISO 8601 and of Postgres.
const (
	isoLayout      = "2006-01-02T15:04:05"
	postgresLayout = "2006-01-02 15:04:05"
)

func encodeDate(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return dst, wrong
	}
	day, err := time.Parse(time.DateOnly, string(text))
	if err != nil || !hasYear(day) {
		return dst, malformed
	}
	days := (day.Unix() - epochSeconds) / secondsPerDay
	return binary.BigEndian.AppendUint32(dst, uint32(days)), sound //nolint:gosec // two's complement is the wire format
}

// encodeTime encodes a time of day. Its only valid offset is Z, because the column stores no
// offset.
func encodeTime(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return dst, wrong
	}
	if n := len(text); n > 0 && text[n-1]|0x20 == 'z' {
		text = text[:n-1]
	}
	clock, err := parseStrictly(time.TimeOnly, text)
	if err != nil {
		return dst, malformed
	}
	midnight := time.Date(clock.Year(), clock.Month(), clock.Day(), 0, 0, 0, 0, time.UTC)
	micros := clock.Sub(midnight).Round(time.Microsecond).Microseconds()
	return binary.BigEndian.AppendUint64(dst, uint64(micros)), sound //nolint:gosec // not negative
}

func encodeTimestamptz(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return dst, wrong
	}
	instant, err := parseInstant(text)
	if err != nil || !hasYear(instant) {
		return dst, malformed
	}
	return appendInstant(dst, instant), sound
}

// encodeTimestamp also accepts a timestamp with an offset and converts it to UTC, which Longshore
// uses for all timestamps.
func encodeTimestamp(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return dst, wrong
	}
	instant, err := parseInstant(text)
	for _, layout := range [...]string{isoLayout, postgresLayout} {
		if err != nil {
			instant, err = parseStrictly(layout, text)
		}
	}
	if err != nil || !hasYear(instant) {
		return dst, malformed
	}
	return appendInstant(dst, instant), sound
}

// parseInstant parses RFC 3339, which also allows lower-case letters.
func parseInstant(text []byte) (time.Time, error) {
	instant, err := parseStrictly(time.RFC3339, text)
	if err != nil {
		instant, err = parseStrictly(time.RFC3339, bytes.ToUpper(text))
	}
	return instant, err
}

// errComma is the error for a comma before the fraction of a second.
var errComma = errors.New("the fraction of a second must follow a point")

// parseStrictly is time.Parse, except that a fraction of a second must follow a point, as in RFC 3339
// and in Postgres.
func parseStrictly(layout string, text []byte) (time.Time, error) {
	if bytes.IndexByte(text, ',') >= 0 {
		return time.Time{}, errComma
	}
	return time.Parse(layout, string(text))
}

// hasYear reports whether the year of a time in UTC is from 1 to 9999. Postgres does not read the year
// 0, and would write it as 1 BC; a later year has no form in RFC 3339.
func hasYear(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1 && year <= 9999
}

// appendInstant rounds to the microsecond, as Postgres does.
func appendInstant(dst []byte, instant time.Time) []byte {
	instant = instant.Round(time.Microsecond)
	micros := (instant.Unix()-epochSeconds)*1_000_000 + int64(instant.Nanosecond())/1_000
	return binary.BigEndian.AppendUint64(dst, uint64(micros)) //nolint:gosec // two's complement is the wire format
}
