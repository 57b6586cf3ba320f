package load

import (
	"bytes"
	"encoding/binary"
	"time"
)

// Postgres counts dates in days and timestamps in microseconds from the start of the year 2000.
const (
	epochSeconds  = 946_684_800
	secondsPerDay = 86_400
)

// Forms of a timestamp without an offset, as Postgres and ISO 8601 write it.
const (
	localForm      = "2006-01-02T15:04:05"
	localBlankForm = "2006-01-02 15:04:05"
)

func encodeDate(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquoted(v)
	if wrong != sound {
		return dst, wrong
	}
	day, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return dst, malformed
	}
	days := (day.Unix() - epochSeconds) / secondsPerDay
	return binary.BigEndian.AppendUint32(dst, uint32(days)), sound //nolint:gosec // two's complement is the wire form
}

// encodeTime takes a time of day, whose offset, if it has one, must be that of UTC: the column has no place for it.
func encodeTime(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquoted(v)
	if wrong != sound {
		return dst, wrong
	}
	at, err := time.Parse(time.TimeOnly, string(bytes.TrimRight(text, "Zz")))
	if err != nil {
		return dst, malformed
	}
	midnight := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	return binary.BigEndian.AppendUint64(dst, uint64(at.Sub(midnight).Round(time.Microsecond).Microseconds())), sound //nolint:gosec // not negative
}

func encodeTimestamptz(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquoted(v)
	if wrong != sound {
		return dst, wrong
	}
	at, err := parseInstant(text)
	if err != nil {
		return dst, malformed
	}
	return appendInstant(dst, at), sound
}

// encodeTimestamp takes an instant too, and keeps its time in UTC, as all of Longshore's timestamps are.
func encodeTimestamp(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquoted(v)
	if wrong != sound {
		return dst, wrong
	}
	at, err := parseInstant(text)
	for _, form := range [...]string{localForm, localBlankForm} {
		if err != nil {
			at, err = time.Parse(form, string(text))
		}
	}
	if err != nil {
		return dst, malformed
	}
	return appendInstant(dst, at), sound
}

// parseInstant reads RFC 3339, which allows lower-case letters too.
func parseInstant(text []byte) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		at, err = time.Parse(time.RFC3339, string(bytes.ToUpper(text)))
	}
	return at, err
}

// appendInstant rounds to the microsecond, as Postgres does.
func appendInstant(dst []byte, at time.Time) []byte {
	at = at.Round(time.Microsecond)
	micros := (at.Unix()-epochSeconds)*1_000_000 + int64(at.Nanosecond())/1_000
	return binary.BigEndian.AppendUint64(dst, uint64(micros)) //nolint:gosec // two's complement is the wire form
}
