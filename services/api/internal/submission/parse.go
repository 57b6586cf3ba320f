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
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// Labels are for finding operations, not for storing data.
const (
	maxLabels     = 16
	maxLabelValue = 128
)

// labelName matches the valid names of labels.
var labelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$`)

// parseLabels parses "team=data, batch=7", in one or several headers.
func parseLabels(h http.Header) (map[string]string, error) {
	var labels map[string]string
	for _, line := range h.Values("Longshore-Labels") {
		for pair := range strings.SplitSeq(line, ",") {
			name, value, err := ParseLabel(strings.TrimSpace(pair))
			if err != nil {
				return nil, err
			}
			if _, duplicate := labels[name]; duplicate {
				return nil, fault.New(fault.Malformed, "invalid-label", "Longshore-Labels gives the label %q twice: give each name one value.", name)
			}
			if labels == nil {
				labels = make(map[string]string)
			}
			labels[name] = value
		}
	}
	if len(labels) > maxLabels {
		return nil, invalidLabel()
	}
	return labels, nil
}

// ParseLabel parses one label, such as "team=data".
func ParseLabel(text string) (name, value string, err error) {
	name, value, found := strings.Cut(text, "=")
	printable := strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
	if !found || !labelName.MatchString(name) || len(value) > maxLabelValue || !utf8.ValidString(value) || !printable {
		return "", "", invalidLabel()
	}
	return name, value, nil
}

func invalidLabel() error {
	return fault.New(fault.Malformed, "invalid-label",
		"A label is name=value, as in Longshore-Labels: team=data, batch=7. There may be %d of them; a name has 1 to 63 letters, digits, "+
			"dots, slashes, hyphens and underscores, a value at most %d bytes.", maxLabels, maxLabelValue)
}

// duration matches a number with an optional unit; unlike time.ParseDuration it allows days.
var duration = regexp.MustCompile(`^(\d{1,9})([smhd])?$`)

var units = map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// parseDuration parses "3600", "90m", "36h" or "7d".
func parseDuration(text string) (time.Duration, error) {
	match := duration.FindStringSubmatch(strings.TrimSpace(text))
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

// Wait parses "wait=n" in the Prefer headers (RFC 7240 section 4.3). Other preferences and invalid
// values are ignored, as the RFC requires.
func (p Policy) Wait(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(edge.Preferences(h)["wait"])
	if err != nil && !errors.Is(err, strconv.ErrRange) || seconds <= 0 { // Atoi returns the maximum on overflow
		return 0
	}
	return min(time.Duration(min(seconds, 1<<20))*time.Second, p.MaxWait)
}

// SetPreferenceApplied declares in the response that a wait was applied (RFC 7240 section 3).
func SetPreferenceApplied(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Preference-Applied", "wait="+strconv.Itoa(int(wait/time.Second)))
	}
}
