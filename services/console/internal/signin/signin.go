// Package signin lets people log in to the console, with an API key or at an OpenID Connect issuer, and
// finds out who sends a request. The api checks the key or the issuer's token and keeps the session; the
// browser has the session in a cookie.
package signin

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	credentials "github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/apiclient"
)

// The paths of the package.
const (
	Path         = "/login"
	CallbackPath = "/login/callback"
	LogoutPath   = "/logout"
	issuerPath   = "/login/issuer"
)

// Options configure logins. All but Issuer are required.
type Options struct {
	API *apiclient.Client
	// Issuer is where people may log in instead of with a key; nil if there is none.
	Issuer *Issuer
	// Throttle bounds wrong logins.
	Throttle *access.Throttle
	Logins   *metrics.Logins
	Log      *slog.Logger
	// Local reports whether a request comes from this machine and through no proxy. Only then it may be one
	// without a session, if the api serves such requests.
	Local func(*http.Request) bool
}

// Handler serves the pages of the login. It is safe for concurrent use.
type Handler struct {
	Options

	sessions *sessions
}

// New returns a Handler.
func New(o Options) *Handler { return &Handler{o, newSessions(o.API)} }

// Register adds the pages to a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET "+Path, h.showForm)
	mux.HandleFunc("POST "+Path, h.loginWithKey)
	mux.HandleFunc("POST "+LogoutPath, h.logout)
	if h.Issuer != nil {
		mux.HandleFunc("GET "+issuerPath, h.startAtIssuer)
		mux.HandleFunc("GET "+CallbackPath, h.finishAtIssuer)
	}
}

// ErrForged means that a page of another site may have sent the request.
var ErrForged = errForged

// RoleOf returns the role and the name of who has logged in; access.None without a session, or with one
// that may see no queues. The error is ErrForged, or apiclient.ErrUnavailable.
func (h *Handler) RoleOf(r *http.Request) (role access.Role, name string, err error) {
	session := SessionOf(r)
	if session == "" {
		return access.None, "", nil
	}
	principal, err := h.sessions.principal(r.Context(), session)
	var refused *apiclient.RefusedError
	switch {
	case errors.As(err, &refused):
		return access.None, "", nil
	case err != nil:
		return access.None, "", err
	}
	if principal.Kind != string(credentials.Session) {
		return access.None, "", nil
	}
	if err := checkForgery(r, session); err != nil {
		return access.None, "", err
	}
	return roleOf(principal), principal.ID, nil
}

// Anonymous reports whether the api serves requests without a credential.
func (h *Handler) Anonymous(r *http.Request) bool {
	principal, err := h.sessions.principal(r.Context(), "")
	return err == nil && roleOf(principal) == access.Operator
}

// roleOf returns the role in asynq's web UI: the bundle operator may see the queues, admin may change them.
func roleOf(p apiclient.Principal) access.Role {
	switch {
	case slices.Contains(p.Actions, "queues:write"):
		return access.Operator
	case slices.Contains(p.Actions, "queues:read"):
		return access.Viewer
	}
	return access.None
}

// Require answers a request of someone who may not see a page: it leads a browser to the login, and
// answers 401 to others, or 403 if they have logged in.
func (h *Handler) Require(w http.ResponseWriter, r *http.Request, name string) {
	switch {
	case name != "":
		http.Error(w, "You have logged in as "+name+", whose key or groups do not allow this (queues:read). POST /logout logs out.", http.StatusForbidden)
	case r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html"):
		http.Redirect(w, r, Path+"?return="+escape(r.URL.RequestURI()), http.StatusSeeOther) //nolint:gosec // G710: a path of the console
	default:
		http.Error(w, "Log in at "+Path+".", http.StatusUnauthorized)
	}
}

// loginWithKey makes a session with the key of the form.
func (h *Handler) loginWithKey(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	returnTo := target(r.PostFormValue("return"))
	key := strings.TrimSpace(r.PostFormValue("key"))
	if !validForm(r) {
		h.show(w, r, http.StatusForbidden, returnTo, "The form has expired. Send it again.")
		return
	}
	if !h.Throttle.Allows(r) {
		h.Logins.Refused(metrics.LoginThrottled)
		w.Header().Set("Retry-After", "60")
		h.show(w, r, http.StatusTooManyRequests, returnTo, "There were too many wrong logins from this address. Try again in a minute.")
		return
	}
	secret, ok := credentials.ParseSecret(key)
	switch {
	case key == "":
		h.show(w, r, http.StatusUnprocessableEntity, returnTo, "Enter a key.")
	case !ok || secret.Kind != credentials.Key:
		h.refuse(w, r, returnTo, "This is not an API key: lsk_, an id, _ and a secret.")
	default:
		h.begin(w, r, key, returnTo)
	}
}

// refuse counts a wrong login, logs it and shows the form again.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, returnTo, message string) {
	h.Throttle.Count(r)
	h.Logins.Refused(metrics.LoginRefused)
	h.Log.WarnContext(r.Context(), "login refused", slog.String("remote", r.RemoteAddr))
	h.show(w, r, http.StatusUnauthorized, returnTo, message)
}

// begin makes a session with a credential, and leads to the page that the person wanted to see.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request, credential, returnTo string) {
	session, err := h.API.NewSession(r.Context(), credential)
	var refused *apiclient.RefusedError
	switch {
	case errors.As(err, &refused):
		h.refuse(w, r, returnTo, refused.Message)
	case err != nil:
		h.Log.WarnContext(r.Context(), "login failed", slog.Any("error", err))
		h.show(w, r, http.StatusBadGateway, returnTo, "The api does not answer, so the login could not be checked. Try again.")
	default:
		h.Log.InfoContext(r.Context(), "login", slog.String("principal", session.Principal.ID), slog.String("remote", r.RemoteAddr))
		setSession(w, r, session)
		http.Redirect(w, r, returnTo, http.StatusSeeOther) //nolint:gosec // G710: target has checked it
	}
}

// logout ends the session.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	session := SessionOf(r)
	if session != "" {
		if err := checkForgery(r, session); err != nil {
			http.Error(w, "The request does not have the token of your session.", http.StatusForbidden)
			return
		}
		if err := h.API.EndSession(r.Context(), session); err != nil {
			h.Log.WarnContext(r.Context(), "a session was not ended", slog.Any("error", err))
		}
		h.sessions.forget(session)
	}
	clearSession(w, r)
	http.Redirect(w, r, Path, http.StatusSeeOther)
}
