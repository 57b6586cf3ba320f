package web

import (
	"net/http"
	"strings"
)

// proxyHeaders are headers with which proxies say for whom they send a request, besides X-Forwarded-….
var proxyHeaders = []string{"Forwarded", "Via", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip", "X-Client-Ip", "X-Original-Forwarded-For"}

// ThroughProxy reports whether a request has a header of a proxy, which a program or a browser on the same
// machine does not send.
func ThroughProxy(h http.Header) bool {
	for _, name := range proxyHeaders {
		if h.Get(name) != "" {
			return true
		}
	}
	for name := range h {
		if strings.HasPrefix(name, "X-Forwarded-") {
			return true
		}
	}
	return false
}
