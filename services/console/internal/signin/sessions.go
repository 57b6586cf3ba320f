package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"sync"
	"time"

	credentials "github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/console/internal/apiclient"
)

const (
	// sessionCookie is the cookie with the session. Over TLS its name begins with __Host-, with which a
	// browser accepts it from this host only (RFC 6265bis, section 4.1.3).
	sessionCookie = "longshore_session"
	// csrfCookie is the cookie with the token that a change must repeat in the header csrfHeader or in the
	// field csrfField of a form. Pages read it; asynq's web UI repeats it by itself, as axios does.
	csrfCookie = "XSRF-TOKEN"
	csrfHeader = "X-Xsrf-Token"
	csrfField  = "csrf"
	// maxAge is how long an answer of the api about a session is trusted: so long after its end it may still
	// work.
	maxAge = time.Second
	// maxCached bounds the answers in memory.
	maxCached = 10_000
)

// sessions asks the api about the sessions of requests. It is safe for concurrent use.
type sessions struct {
	api *apiclient.Client

	mu     sync.Mutex
	cached map[string]answer
}

// answer is what the api answered about a session.
type answer struct {
	principal apiclient.Principal
	at        time.Time
}

func newSessions(api *apiclient.Client) *sessions {
	return &sessions{api: api, cached: make(map[string]answer)}
}

// principal returns the principal of a session. A refusal is not kept.
func (s *sessions) principal(ctx context.Context, session string) (apiclient.Principal, error) {
	s.mu.Lock()
	known, ok := s.cached[session]
	s.mu.Unlock()
	if ok && time.Since(known.at) < maxAge {
		return known.principal, nil
	}
	known.at = time.Now()
	var err error
	known.principal, err = s.api.Me(ctx, session)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		delete(s.cached, session)
		return apiclient.Principal{}, err
	}
	if len(s.cached) >= maxCached {
		clear(s.cached)
	}
	s.cached[session] = known
	return known.principal, nil
}

func (s *sessions) forget(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cached, session)
}

// SessionOf returns the session of a request; empty if it has none. Anything else in the cookie is none: an api
// that needs no credential would take it for one of a program.
func SessionOf(r *http.Request) string {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return ""
	}
	if secret, ok := credentials.ParseSecret(cookie.Value); !ok || secret.Kind != credentials.Session {
		return ""
	}
	return cookie.Value
}

func cookieName(r *http.Request) string {
	if isSecure(r) {
		return "__Host-" + sessionCookie
	}
	return sessionCookie
}

func isSecure(r *http.Request) bool { return web.Scheme(r) == "https" }

// setSession sets the cookies of a session. The session's own is not readable by pages.
func setSession(w http.ResponseWriter, r *http.Request, s apiclient.Session) {
	setCookie(w, r, cookieName(r), s.Secret, s.ExpiresAt, true)
	setCookie(w, r, csrfCookie, csrfToken(s.Secret), s.ExpiresAt, false)
}

func clearSession(w http.ResponseWriter, r *http.Request) {
	setCookie(w, r, cookieName(r), "", time.Unix(1, 0), true)
	setCookie(w, r, csrfCookie, "", time.Unix(1, 0), false)
}

// setCookie sets a cookie for the whole console. SameSite is Lax, so that a link to the console finds the
// session: changes need the token as well.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string, expires time.Time, hidden bool) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: pages must read the token, and this machine's own http has no Secure
		Name: name, Value: value, Path: "/", Expires: expires, HttpOnly: hidden, SameSite: http.SameSiteLaxMode, Secure: isSecure(r),
	})
}

// csrfToken returns the token of a session. Only who knows the session can compute it.
func csrfToken(session string) string {
	mac := hmac.New(sha256.New, []byte(session))
	_, _ = mac.Write([]byte("csrf"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// errForged means that a change with a session does not repeat the session's token.
var errForged = errors.New("the change does not repeat the token of the session")

// isChange reports whether a request may change something. In the dialect of the tasks, a GET does with one
// of two parameters.
func isChange(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		query := r.URL.Query()
		return query.Has("cancel") || query.Has("prune")
	}
	return true
}

// checkForgery returns errForged if the request is a change without the session's token.
func checkForgery(r *http.Request, session string) error {
	if !isChange(r) {
		return nil
	}
	token := r.Header.Get(csrfHeader)
	if token == "" && r.URL.Path == LogoutPath {
		token = r.PostFormValue(csrfField)
	}
	if !hmac.Equal([]byte(token), []byte(csrfToken(session))) {
		return errForged
	}
	return nil
}
