package signin

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"
)

// APIPath is the path below which the console forwards requests to the api, so that its pages need no
// other origin.
const APIPath = "/api"

// Forward returns a handler that forwards requests below APIPath to the api, with the session of the
// browser as the credential. A request without a session is forwarded if it is Local: the api decides
// whether it serves it. The api's answer is passed on as it is, without a limit of time: the api has its
// own.
func (h *Handler) Forward() http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Path = strings.TrimPrefix(r.Out.URL.Path, APIPath)
			r.Out.URL.RawPath = strings.TrimPrefix(r.Out.URL.RawPath, APIPath)
			r.SetURL(h.API.Base())
			r.Out.Header.Del("Cookie")
			r.Out.Header.Del("Authorization")
			r.Out.Header.Del(csrfHeader)
			r.Out.Header.Del("Origin") // which is the console's own: it has been checked
			if session := SessionOf(r.In); session != "" {
				r.Out.Header.Set("Authorization", "Bearer "+session)
				r.SetXForwarded()
			}
		},
		FlushInterval: -1, // event streams
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			h.Log.WarnContext(r.Context(), "forwarding to the api failed", slog.Any("error", err))
			http.Error(w, "The api does not answer. Try again.", http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The api takes a request with a credential for one of a program, so what a page of another origin may
		// not do is decided here, also for reads.
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
			http.Error(w, "A page of another origin sent the request.", http.StatusForbidden)
			return
		}
		if session := SessionOf(r); session != "" {
			if err := checkForgery(r, session); err != nil {
				http.Error(w, "The request does not have the token of your session.", http.StatusForbidden)
				return
			}
		} else if !h.Local(r) {
			http.Error(w, "Log in at "+Path+".", http.StatusUnauthorized)
			return
		}
		transfers := http.NewResponseController(w)
		_ = transfers.SetReadDeadline(time.Time{})
		_ = transfers.SetWriteDeadline(time.Time{})
		proxy.ServeHTTP(w, r)
	})
}
