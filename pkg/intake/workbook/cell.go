package workbook

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Cell is one cell that is not empty.
type Cell struct {
	// Column counts from 0.
	Column int
	// Text is the value: a text as it is, a number in JSON's syntax, true or false, or a date or time in ISO 8601.
	Text string
	// Problem, unless it is empty, says why the cell has no value.
	Problem string
}

// value converts the stored value of a cell. kind is the attribute t.
func (b *Book) value(kind, stored string, format style) (text, problem string, err error) {
	switch kind {
	case "s":
		number, parseErr := strconv.Atoi(strings.TrimSpace(stored))
		if parseErr != nil {
			return "", "", wrong("a cell names the shared text %q, which is no number", stored)
		}
		text, err = b.texts.get(number)
		return text, "", err
	case "str":
		return unescape(stored), "", nil
	case "b":
		return strconv.FormatBool(strings.TrimSpace(stored) == "1" || strings.TrimSpace(stored) == "true"), "", nil
	case "e":
		return stored, "has the error " + stored, nil
	case "d":
		return strings.TrimSpace(stored), "", nil
	}
	return b.number(strings.TrimSpace(stored), format)
}

// excelDigits is how many digits Excel shows and computes with.
const excelDigits = 15

func (b *Book) number(stored string, format style) (text, problem string, err error) {
	value, parseErr := strconv.ParseFloat(stored, 64)
	if parseErr != nil || math.IsInf(value, 0) || math.IsNaN(value) {
		return "", "", wrong("the number %q cannot be read", stored)
	}
	if format != plain {
		text, problem = b.moment(value, format)
		return text, problem, nil
	}
	return decimal(stored, value), "", nil
}

// decimal returns a number as Excel shows it: files have up to 17 digits, such as 1.1000000000000001 for 1.1. Whole
// numbers keep all of their digits, because other programs write more of them.
func decimal(stored string, value float64) string {
	digits := strings.TrimPrefix(stored, "-")
	if strings.Trim(digits, "0123456789") == "" && digits != "" && (digits[0] != '0' || digits == "0") {
		return stored
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'e', excelDigits-1, 64), 64)
	if err != nil {
		rounded = value
	}
	const maxPlaces = 1e21 // beyond it, and below its inverse, numbers have an exponent
	if size := math.Abs(rounded); size != 0 && (size >= maxPlaces || size < 1/maxPlaces) {
		return strconv.FormatFloat(rounded, 'e', -1, 64)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

const (
	secondsPerDay = 24 * 60 * 60
	// maxDay is the last day of the year 9999.
	maxDay = 2958465
	// leapDay is the 29th of February 1900, a day that Excel has and the calendar has not.
	leapDay = 60
)

// moment returns a number of days as a date or a time.
func (b *Book) moment(days float64, format style) (text, problem string) {
	if days < 0 || days >= maxDay+1 {
		return "", fmt.Sprintf("has the date %s, which is outside of the calendar", strconv.FormatFloat(days, 'f', -1, 64))
	}
	milliseconds := int64(math.Round(days * secondsPerDay * 1000))
	whole, rest := milliseconds/(secondsPerDay*1000), milliseconds%(secondsPerDay*1000)
	if format == durationStyle || format == timeStyle && whole == 0 {
		return clock(whole*24, rest), ""
	}
	if format == timeStyle {
		format = dateTimeStyle // the days are not lost
	}
	base := time.Date(1899, time.December, 31, 0, 0, 0, 0, time.UTC)
	switch {
	case b.base1904:
		base = time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	case whole == leapDay, whole == 0:
		return "", fmt.Sprintf("has the day %d of 1900, which the calendar has not", whole)
	case whole > leapDay:
		base = base.AddDate(0, 0, -1)
	}
	text = base.AddDate(0, 0, int(whole)).Format(time.DateOnly)
	if format == dateStyle && rest == 0 {
		return text, ""
	}
	return text + "T" + clock(0, rest), ""
}

// clock returns hours and a rest in milliseconds as a time of day.
func clock(hours, milliseconds int64) string {
	seconds := milliseconds / 1000
	text := fmt.Sprintf("%02d:%02d:%02d", hours+seconds/3600, seconds/60%60, seconds%60)
	if fraction := milliseconds % 1000; fraction != 0 {
		text += fmt.Sprintf(".%03d", fraction)
	}
	return text
}
