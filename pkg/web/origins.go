package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/longshore-io/longshore/pkg/fault"
)

// Origins decides what pages may do with a service through the browsers of its users. Pages of the
// service's own origin may do everything. Pages of listed origins may read responses (CORS), and send
// changes. All others may do neither.
type Origins struct {
	listed     map[string]bool
	protection *http.CrossOriginProtection
}

// NewOrigins returns the listed origins, such as https://app.example.com, in addition to the service's
// own. own are the service's absolute addresses; an empty one is ignored. It returns an error for a
// listed origin that is none, such as * or null, or has a path.
func NewOrigins(listed []string, own ...string) (*Origins, error) {
	o := &Origins{listed: make(map[string]bool), protection: http.NewCrossOriginProtection()}
	for _, text := range listed {
		origin, err := parseOrigin(text)
		if err != nil {
			return nil, err
		}
		if err := o.protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("%q must be an origin: %w", text, err)
		}
		o.listed[origin] = true
	}
	for _, address := range own {
		base, err := url.Parse(address)
		if err != nil || base.Host == "" {
			continue
		}
		if err := o.protection.AddTrustedOrigin(strings.ToLower(base.Scheme + "://" + base.Host)); err != nil {
			return nil, fmt.Errorf("%q must be an absolute address: %w", address, err)
		}
	}
	return o, nil
}

// parseOrigin returns an origin as browsers write it: in lower case and without the scheme's own port.
func parseOrigin(text string) (string, error) {
	origin, err := url.Parse(strings.ToLower(strings.TrimSpace(text)))
	if err != nil || origin.Scheme != "http" && origin.Scheme != "https" || origin.Hostname() == "" || strings.Contains(origin.Host, "*") ||
		origin.User != nil || origin.Path != "" || origin.RawQuery != "" || origin.ForceQuery || strings.Contains(text, "#") {
		return "", fmt.Errorf("%q must be an origin such as https://app.example.com, without a path", text)
	}
	ownPort := map[string]string{"http": ":80", "https": ":443"}[origin.Scheme]
	return origin.Scheme + "://" + strings.TrimSuffix(origin.Host, ownPort), nil
}

// The headers of preflight requests and their answers (Fetch, section 3.3), and of what pages of listed
// origins may send and read. Credentials are not allowed: such pages send their token in Authorization.
const (
	allowedMethods = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
	allowedHeaders = "Accept, Authorization, Content-Digest, Content-Encoding, Content-Range, Content-Type, If-Match, If-None-Match, If-Range, " +
		"If-Unmodified-Since, Last-Event-ID, Longshore-Labels, Longshore-Retention, Operation-Id, Prefer, Range, Repr-Digest, Traceparent, X-Request-Id"
	exposedHeaders = "Accept-Ranges, Allow, Content-Disposition, Content-Range, ETag, Link, Location, " +
		"Operation-Location, Preference-Applied, RateLimit, RateLimit-Policy, Repr-Digest, Retry-After, Retry-After-Ms, Traceparent, WWW-Authenticate, " +
		"X-Ms-Error-Code, X-Request-Id"
	// preflightAge is how long a browser may remember the answer to a preflight request, in seconds.
	preflightAge = "600"
)

// Check sets the CORS headers of the response. It returns a fault of kind Forbidden if the request may
// change something and was sent by a page of another origin that is not listed. It answers a preflight
// request of a listed origin and returns true then. A preflight request carries no credentials, so call
// Check before they are required.
func (o *Origins) Check(w http.ResponseWriter, r *http.Request) (answered bool, err error) {
	h := w.Header()
	if len(o.listed) > 0 {
		h.Add("Vary", "Origin")
	}
	if origin := r.Header.Get("Origin"); o.listed[origin] {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", exposedHeaders)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Del("Allow")
			h.Set("Access-Control-Allow-Methods", allowedMethods)
			h.Set("Access-Control-Allow-Headers", allowedHeaders)
			h.Set("Access-Control-Max-Age", preflightAge)
			w.WriteHeader(http.StatusNoContent)
			return true, nil
		}
	}
	if err := o.protection.Check(r); err != nil {
		return false, fault.New(fault.Forbidden, "cross-origin-request",
			"The request changes something and a page of another origin sent it. Send it from a page of this service, or from a program.").
			Because(err)
	}
	return false, nil
}
