package load

import (
	"bytes"
	"encoding/binary"
	"time"
)

// Postgres counts dates in days and timestamps in microseconds from the start of the year 2000.
const (
	epochSeconds    = 946_684_800
	secondsPerDay   = 86_400
	microsPerSecond = 1_000_000
	microsPerDay    = secondsPerDay * microsPerSecond
)

func encodeDate(_ *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return dst, wrong
	}
	days, rest, ok := cutDate(text)
	if !ok || len(rest) > 0 {
		return dst, zonedOr(malformed, rest)
	}
	return binary.BigEndian.AppendUint32(dst, uint32(days)), sound //nolint:gosec // two's complement is the wire format
}

func encodeTime(c *column, dst, v []byte) ([]byte, defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return dst, wrong
	}
	micros, rest, wrong := c.cutClock(text)
	switch {
	case wrong != sound && wrong != inexact:
		return dst, wrong
	case len(rest) > 0:
		return dst, zonedOr(malformed, rest)
	}
	return binary.BigEndian.AppendUint64(dst, uint64(micros)), wrong //nolint:gosec // not negative
}

func encodeTimestamptz(c *column, dst, v []byte) ([]byte, defect) {
	micros, rest, wrong := c.parseTimestamp(v)
	if wrong != sound && wrong != inexact {
		return dst, wrong
	}
	offset, ok := parseOffset(rest)
	micros -= offset * microsPerSecond
	if !ok || !hasYear(micros) {
		return dst, malformed
	}
	return binary.BigEndian.AppendUint64(dst, uint64(micros)), wrong //nolint:gosec // two's complement is the wire format
}

func encodeTimestamp(c *column, dst, v []byte) ([]byte, defect) {
	micros, rest, wrong := c.parseTimestamp(v)
	switch {
	case wrong != sound && wrong != inexact:
		return dst, wrong
	case len(rest) > 0 || !hasYear(micros):
		return dst, zonedOr(malformed, rest)
	}
	return binary.BigEndian.AppendUint64(dst, uint64(micros)), wrong //nolint:gosec // two's complement is the wire format
}

// zonedOr returns zoned if rest, what follows a sound value, is an offset from UTC. Otherwise it returns wrong.
func zonedOr(wrong defect, rest []byte) defect {
	if _, ok := parseOffset(rest); ok {
		return zoned
	}
	return wrong
}

// parseTimestamp parses a date, T or a blank, and a time of day, as ISO 8601, RFC 3339 and Postgres write
// them. It returns the microseconds since the start of the year 2000, and what follows.
func (c *column) parseTimestamp(v []byte) (micros int64, rest []byte, wrong defect) {
	text, wrong := unquote(v)
	if wrong != sound {
		return 0, nil, wrong
	}
	days, rest, ok := cutDate(text)
	if !ok || len(rest) == 0 || rest[0] != ' ' && rest[0]|0x20 != 't' {
		return 0, nil, malformed
	}
	if bytes.HasPrefix(rest[1:], []byte("24")) { // it would become a moment of the next day
		return 0, nil, malformed
	}
	clock, rest, wrong := c.cutClock(rest[1:])
	return days*microsPerDay + clock, rest, wrong
}

// cutDate parses a date at the start of text and returns the days since the start of the year 2000. The
// year must be from 1 to 9999: Postgres has no year 0, and a later year has no form in RFC 3339.
func cutDate(text []byte) (days int64, rest []byte, ok bool) {
	if len(text) < len(time.DateOnly) || text[4] != '-' || text[7] != '-' {
		return 0, nil, false
	}
	year, month, day := twoDigits(text)*100+twoDigits(text[2:]), twoDigits(text[5:]), twoDigits(text[8:])
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if year < 1 || twoDigits(text) < 0 || twoDigits(text[2:]) < 0 || month < 1 || day < 1 || date.Month() != time.Month(month) || date.Day() != day {
		return 0, nil, false
	}
	return (date.Unix() - epochSeconds) / secondsPerDay, text[len(time.DateOnly):], true
}

// hasYear reports whether the year of a timestamp is from 1 to 9999.
func hasYear(micros int64) bool {
	const first, last = -730_119, 2_921_939 // the days 0001-01-01 and 9999-12-31
	return first*microsPerDay <= micros && micros < (last+1)*microsPerDay
}

// cutClock parses a time of day at the start of text: hours, minutes, and unless they are zero seconds with
// up to six decimals. 24:00:00 is the end of a day. It returns inexact if the column keeps fewer decimals than
// there are; the time is then rounded, and inexact only if the collection does not allow that.
func (c *column) cutClock(text []byte) (micros int64, rest []byte, wrong defect) {
	if len(text) > 1 && text[1] == ':' {
		text = append([]byte{'0'}, text...)
	}
	if len(text) < len("15:04") || text[2] != ':' {
		return 0, nil, malformed
	}
	hour, minute, second := twoDigits(text), twoDigits(text[3:]), 0
	rest = text[len("15:04"):]
	var fraction int64
	if len(rest) > 2 && rest[0] == ':' {
		second, rest = twoDigits(rest[1:]), rest[3:]
		fraction, rest, wrong = c.cutFraction(rest)
	}
	if wrong == malformed || hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, nil, malformed
	}
	micros = int64(hour*3600+minute*60+second)*microsPerSecond + fraction
	if hour == 24 && micros > microsPerDay {
		return 0, nil, malformed
	}
	return micros, rest, wrong
}

// cutFraction parses a point and decimals of a second at the start of text, if there are any.
func (c *column) cutFraction(text []byte) (micros int64, rest []byte, wrong defect) {
	if len(text) == 0 || text[0] != '.' {
		return 0, text, sound
	}
	digits, rest := cutDigits(text[1:])
	if len(digits) == 0 {
		return 0, nil, malformed
	}
	digits = bytes.TrimRight(digits, "0")
	for i := range maxFraction {
		micros *= 10
		if i < min(len(digits), c.fraction) {
			micros += int64(digits[i] - '0')
		}
	}
	if len(digits) <= c.fraction {
		return micros, rest, sound
	}
	if digits[c.fraction] >= '5' {
		unit := int64(1)
		for range maxFraction - c.fraction {
			unit *= 10
		}
		micros += unit
	}
	if c.round {
		return micros, rest, sound
	}
	return micros, rest, inexact
}

// maxFraction is the number of decimals of a second that Postgres keeps at most.
const maxFraction = 6

// parseOffset parses the whole of text as an offset from UTC in seconds: Z, or hours with optional minutes,
// with or without a colon, and seconds, with colons, as ISO 8601 and Postgres write them.
func parseOffset(text []byte) (seconds int64, ok bool) {
	if len(text) == 1 && text[0]|0x20 == 'z' {
		return 0, true
	}
	if len(text) < 3 || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	hours := twoDigits(text[1:])
	minutes, rest, ok := cutUnit(text[3:])
	rests := 0
	if ok && len(rest) > 0 && text[3] == ':' && rest[0] == ':' {
		rests, rest, ok = cutUnit(rest)
	}
	const maxHours = 15 // of Postgres
	if !ok || len(rest) > 0 || hours < 0 || hours > maxHours {
		return 0, false
	}
	seconds = int64(hours*3600 + minutes*60 + rests)
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

// cutUnit parses two digits below 60 with an optional colon before them, or nothing.
func cutUnit(text []byte) (n int, rest []byte, ok bool) {
	if len(text) == 0 {
		return 0, nil, true
	}
	if text[0] == ':' {
		text = text[1:]
	}
	n = -1
	if len(text) > 1 {
		n, text = twoDigits(text), text[2:]
	}
	return n, text, 0 <= n && n < 60
}

// twoDigits returns the number of the first two bytes of text; a negative number if they are no digits.
func twoDigits(text []byte) int {
	tens, ones := text[0]-'0', text[1]-'0'
	if tens > 9 || ones > 9 {
		return -10_000
	}
	return 10*int(tens) + int(ones)
}
