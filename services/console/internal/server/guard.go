package server

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/longshore-io/longshore/pkg/metrics"
	"github.com/longshore-io/longshore/services/console/internal/access"
	"github.com/longshore-io/longshore/services/console/internal/apiclient"
	"github.com/longshore-io/longshore/services/console/internal/signin"
)

// user is who sends a request.
type user struct {
	name string
	role access.Role
}

// guard admits requests of users with a role, and records wrong logins.
type guard struct {
	gate   *access.Gate
	signIn *signin.Handler // nil if the console does not know the api
	logins *metrics.Logins
	log    *slog.Logger
}

// requireRole passes requests of users with a role to handle, and rejects all others.
func (g guard) requireRole(handle func(http.ResponseWriter, *http.Request, user)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, err := g.userOf(r)
		switch {
		case errors.Is(err, access.ErrThrottled):
			g.record(r, metrics.LoginThrottled)
			w.Header().Set("Retry-After", strconv.Itoa(int(access.RetryAfter/time.Second)))
			http.Error(w, "There were too many wrong logins from this address. Try again in a minute.", http.StatusTooManyRequests)
		case errors.Is(err, signin.ErrForged):
			http.Error(w, "The request does not have the token of your session.", http.StatusForbidden)
		case errors.Is(err, apiclient.ErrUnavailable):
			g.log.WarnContext(r.Context(), "a session could not be checked", slog.Any("error", err))
			http.Error(w, "The api does not answer, so your session can't be checked. Try again.", http.StatusBadGateway)
		case err != nil:
			g.record(r, metrics.LoginRefused)
			g.reject(w, r, u)
		case u.role == access.None:
			g.reject(w, r, u)
		default:
			handle(w, r, u)
		}
	})
}

// userOf returns the user of a session, or else of HTTP basic authentication. The error is one of package
// access or of package signin.
func (g guard) userOf(r *http.Request) (u user, err error) {
	if g.signIn != nil {
		u.role, u.name, err = g.signIn.RoleOf(r)
		if err != nil || u.name != "" {
			return u, err
		}
		if !g.gate.RequiresLogin() {
			if g.signIn.Local(r) && g.signIn.Anonymous(r) {
				u.role = access.Operator
			}
			return u, nil
		}
	}
	u.role, err = g.gate.RoleOf(r)
	if u.role != access.None {
		u.name, _, _ = r.BasicAuth()
	}
	return u, err
}

// record logs and counts a wrong login. The name is not logged: people type passwords there.
func (g guard) record(r *http.Request, reason string) {
	g.logins.Refused(reason)
	g.log.WarnContext(r.Context(), "login refused", slog.String("reason", reason), slog.String("remote", r.RemoteAddr))
}

// reject answers a request of someone who may not see a page.
func (g guard) reject(w http.ResponseWriter, r *http.Request, u user) {
	switch {
	case g.gate.RequiresLogin() && u.name == "":
		w.Header().Set("WWW-Authenticate", `Basic realm="Longshore console", charset="UTF-8"`)
		message := "Log in as a user of LONGSHORE_CONSOLE_VIEWERS or LONGSHORE_CONSOLE_OPERATORS."
		if g.signIn != nil {
			message += " To log in with a key of the api, cancel this and open " + signin.Path + "."
		}
		http.Error(w, message, http.StatusUnauthorized)
	case g.signIn != nil:
		g.signIn.Require(w, r, u.name)
	default:
		http.Error(w, "The console has no users, so it only accepts requests to localhost or a loopback address.", http.StatusForbidden)
	}
}
