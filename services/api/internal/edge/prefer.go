package edge

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Preferences returns the preferences of a request (RFC 7240, section 2): names in lower case with their values, of
// which the first one counts. Parameters of preferences are left out, because none has any.
func Preferences(h http.Header) map[string]string {
	all := make(map[string]string)
	for _, line := range h.Values("Prefer") {
		for preference := range strings.SplitSeq(line, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, value, _ := strings.Cut(preference, "=")
			name = strings.ToLower(strings.TrimSpace(name))
			if _, repeated := all[name]; name != "" && !repeated {
				all[name] = strings.Trim(strings.TrimSpace(value), `"`)
			}
		}
	}
	return all
}

// checkPreferences returns a fault of kind Malformed if the client wants to know which of its preferences are not
// supported (handling=strict: RFC 7240, section 4.4) and there is one. Without it they are ignored, as the RFC
// requires.
func checkPreferences(h http.Header) error {
	preferences := Preferences(h)
	if !strings.EqualFold(preferences["handling"], "strict") {
		return nil
	}
	for name, value := range preferences {
		switch name {
		case "handling", "respond-async":
		case "wait":
			if _, err := strconv.ParseUint(value, 10, 31); err != nil {
				return unsupportedPreference(name, "wait is a whole number of seconds, as in wait=10")
			}
		default:
			return unsupportedPreference(name, "there are wait and respond-async")
		}
	}
	return nil
}

func unsupportedPreference(name, why string) error {
	name = strings.ToValidUTF8(name, "\uFFFD")
	return fault.New(fault.Malformed, "unsupported-preference",
		"The preference %q is not supported: %s. Correct it, or leave out handling=strict: then it is ignored.", name, why).With("preference", name)
}
