package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"
)

type prefixKey struct{}

// validPrefix matches the beginning of a path. It does not match //host, which browsers take for another host.
var validPrefix = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// WithPrefix returns a request whose client used a path that begins with the prefix, which a proxy has removed. A prefix
// that is not the beginning of a path is ignored.
func WithPrefix(r *http.Request, prefix string) *http.Request {
	prefix = strings.TrimSuffix(prefix, "/")
	if !validPrefix.MatchString(prefix) {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), prefixKey{}, prefix))
}

// Path returns a path of this service as the client of a request has to use it: behind the prefix of a proxy.
func Path(r *http.Request, path string) string {
	prefix, _ := r.Context().Value(prefixKey{}).(string)
	return prefix + path
}
