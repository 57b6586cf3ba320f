// Package tokens issues credentials that a principal makes for itself: short tokens, for browsers that
// send files or follow an operation, and sessions of the console.
package tokens

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/pkg/web"
	"github.com/longshore-io/longshore/services/api/internal/auth"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Store stores tokens and sessions. *store.Store implements it.
type Store interface {
	CreateToken(ctx context.Context, c store.Credential) error
	EndToken(ctx context.Context, id string) error
	EndTokenOf(ctx context.Context, tenant, id string) error
}

// Deps are the dependencies of a Handler. All are required.
type Deps struct {
	Store Store
	Log   *slog.Logger
	// UploadRate is the minimum transfer rate of a request.
	UploadRate minrate.Limit
	// SessionLifetime is how long a session is valid.
	SessionLifetime time.Duration
}

// Handler serves the routes of tokens and sessions.
type Handler struct{ Deps }

// New returns a Handler, or an error that names the missing dependencies.
func New(deps Deps) (*Handler, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Handler{deps}, nil
}

// Routes returns the routes of tokens and sessions.
func (h *Handler) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodPost, Path: "/tokens", Handler: h.createToken, Action: access.CreateTokens,
			Summary: "Makes a token with some of your rights for at most an hour: for a browser that sends files, or follows the events of one operation.",
		},
		{
			Method: http.MethodPost, Path: "/sessions", Handler: h.createSession, Action: access.Authenticated,
			Summary: "Makes a session with your rights, for a console in which a person has logged in with a key or a token of the issuer.",
		},
		{
			Method: http.MethodDelete, Path: "/sessions/current", Handler: h.endSession, Action: access.Authenticated,
			Summary: "Ends the session with which the request is sent.",
		},
		{
			Method: http.MethodDelete, Path: "/tokens/:token", Conditional: true, Handler: h.endOther, Action: access.WriteKeys,
			Summary: "Ends a token or a session of the tenant, by its id; within a second no replica accepts it.",
		},
		{
			Method: http.MethodGet, Path: "/me", Handler: h.show, Action: access.Authenticated,
			Summary: "Returns who you are and what you may do.",
		},
	}
}

// form reads the body of POST /tokens.
var form = submission.Form{Subject: "A token", SizeSubject: "The order of a token", TooLargeCode: "token-too-large"}

func (h *Handler) createToken(c *gin.Context) error {
	body, err := form.Read(c, h.UploadRate)
	if err != nil {
		return err
	}
	var order Order
	if err := submission.Decode(body, &order); err != nil {
		return fault.New(fault.Malformed, "malformed-token",
			"The body must be a JSON object with actions, and perhaps collections, ttl, maxBytes, operation, cookie.").Because(err)
	}
	ctx := c.Request.Context()
	secret, token, err := order.make(access.Of(ctx), time.Now())
	if err != nil {
		return err
	}
	if err := h.Store.CreateToken(ctx, token); err != nil {
		return err
	}
	edge.RequestInfoOf(ctx).Object = token.ID
	h.Log.InfoContext(ctx, "token made", slog.String("token", token.ID), slog.String("by", token.Principal), slog.Time("until", token.ExpiresAt))
	document := newTokenDocument(token)
	if order.Cookie {
		setCookie(c, secret, token)
	} else {
		document.Token = secret.Reveal()
	}
	c.PureJSON(http.StatusCreated, document)
	return nil
}

// setCookie sets the token as a cookie that a browser sends with requests for the operation's events only,
// and that pages can't read.
func setCookie(c *gin.Context, secret access.Secret, token store.Credential) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // G124: Secure on TLS, and not on this machine's own http
		Name: auth.TokenCookie, Value: secret.Reveal(), Path: web.Path(c.Request, "/operations/"+token.Operation.String()+"/events"), Expires: token.ExpiresAt,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: edge.IsSecure(c.Request),
	})
}

// tokenDocument is a token as clients see it.
type tokenDocument struct {
	ID          string     `json:"id"`
	Token       string     `json:"token,omitempty"` // only when it is made, and not as a cookie
	Tenant      string     `json:"tenant"`
	Actions     []string   `json:"actions"`
	Collections []string   `json:"collections"`
	ExpiresAt   time.Time  `json:"expiresAt"`
	Operation   *uuid.UUID `json:"operation,omitempty"`
	MaxBytes    int64      `json:"maxBytes,omitempty"`
}

func newTokenDocument(c store.Credential) tokenDocument {
	d := tokenDocument{
		ID: c.ID, Tenant: c.Tenant, Actions: c.Actions, Collections: c.Collections, ExpiresAt: c.ExpiresAt.UTC(), MaxBytes: c.MaxBytes,
	}
	if c.Operation != uuid.Nil {
		d.Operation = &c.Operation
	}
	return d
}
