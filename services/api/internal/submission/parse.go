package submission

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Limits of labels: they are for finding operations again, not for keeping data.
const (
	maxLabels     = 16
	maxLabelValue = 128
)

// labelName is what a label may be called.
var labelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$`)

// readLabels reads "team=data, batch=7", in one header or several.
func readLabels(h http.Header) (map[string]string, error) {
	var labels map[string]string
	for _, line := range h.Values("Longshore-Labels") {
		for pair := range strings.SplitSeq(line, ",") {
			name, value, err := ParseLabel(strings.TrimSpace(pair))
			if err != nil {
				return nil, err
			}
			if _, twice := labels[name]; twice {
				return nil, fault.New(fault.Malformed, "invalid-label", "Longshore-Labels gives the label %q twice: give each name one value.", name)
			}
			if labels == nil {
				labels = make(map[string]string)
			}
			labels[name] = value
		}
	}
	if len(labels) > maxLabels {
		return nil, badLabel()
	}
	return labels, nil
}

// ParseLabel reads one label, as in "team=data".
func ParseLabel(text string) (name, value string, err error) {
	name, value, paired := strings.Cut(text, "=")
	printable := strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
	if !paired || !labelName.MatchString(name) || len(value) > maxLabelValue || !utf8.ValidString(value) || !printable {
		return "", "", badLabel()
	}
	return name, value, nil
}

func badLabel() error {
	return fault.New(fault.Malformed, "invalid-label",
		"A label is name=value, as in Longshore-Labels: team=data, batch=7. There may be %d of them; a name has 1 to 63 letters, digits, "+
			"dots, slashes, hyphens and underscores, a value at most %d bytes.", maxLabels, maxLabelValue)
}

// days and the units of time.ParseDuration that make sense here.
var span = regexp.MustCompile(`^(\d{1,9})([smhd])?$`)

var units = map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// parseSpan reads "3600", "90m", "36h" or "7d".
func parseSpan(text string) (time.Duration, error) {
	match := span.FindStringSubmatch(strings.TrimSpace(text))
	if match == nil {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		return 0, err
	}
	unit := units[match[2]]
	if time.Duration(n) > time.Duration(1<<62)/unit {
		return 0, strconv.ErrRange
	}
	return time.Duration(n) * unit, nil
}

// Wait reads "wait=n" of the Prefer headers (RFC 7240 section 4.3). Other preferences, and what can't be read, are ignored, as the RFC wants.
func (p Policy) Wait(h http.Header) time.Duration {
	for _, line := range h.Values("Prefer") {
		for preference := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			seconds, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`))
			if (err == nil || errors.Is(err, strconv.ErrRange)) && seconds > 0 { // beyond an int, Atoi returns the greatest
				return min(time.Duration(min(seconds, 1<<20))*time.Second, p.MaxWait)
			}
		}
	}
	return 0
}

// SetPreferenceApplied says in the answer that a wait was honoured (RFC 7240 section 3).
func SetPreferenceApplied(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Preference-Applied", "wait="+strconv.Itoa(int(wait/time.Second)))
	}
}
