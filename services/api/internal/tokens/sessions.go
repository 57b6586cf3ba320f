package tokens

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// principalDocument describes a principal to itself.
type principalDocument struct {
	Kind        access.Kind     `json:"kind"`
	ID          string          `json:"id"`
	Tenant      string          `json:"tenant"`
	Actions     []string        `json:"actions"`
	Collections []string        `json:"collections"`
	Role        string          `json:"role,omitempty"`
	Claims      json.RawMessage `json:"claims,omitempty"`
	ExpiresAt   *time.Time      `json:"expiresAt,omitempty"`
}

func newPrincipalDocument(p *access.Principal) principalDocument {
	d := principalDocument{
		Kind: p.Kind, ID: p.ID, Tenant: p.Tenant, Actions: p.Actions.Names(), Collections: p.Collections, Role: p.Role, Claims: p.Claims,
	}
	if d.Collections == nil {
		d.Collections = []string{}
	}
	if !p.Expires.IsZero() {
		expires := p.Expires.UTC()
		d.ExpiresAt = &expires
	}
	return d
}

func (h *Handler) show(c *gin.Context) error {
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, newPrincipalDocument(access.Of(c.Request.Context())))
	return nil
}

// createSession makes a session of a principal with a key or a token of the issuer. A session ends with the
// key; it may outlive the issuer's token, which is proof of a login.
func (h *Handler) createSession(c *gin.Context) error {
	ctx := c.Request.Context()
	maker := *access.Of(ctx) // requests share it
	if maker.Kind != access.Key && maker.Kind != access.Issued {
		return fault.New(fault.Forbidden, "session-not-allowed", "A session is made with an API key or with a token of the issuer.")
	}
	secret := access.NewCredential(access.Session)
	session := newCredential(secret, &maker)
	session.ExpiresAt = time.Now().Add(h.SessionLifetime)
	if err := h.Store.CreateToken(ctx, session); err != nil {
		return err
	}
	edge.RequestInfoOf(ctx).Object = session.ID
	h.Log.InfoContext(ctx, "session made", slog.String("session", session.ID), slog.String("by", session.Principal))
	maker.Expires = session.ExpiresAt
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusCreated, gin.H{
		"id": session.ID, "session": secret.Reveal(), "expiresAt": session.ExpiresAt.UTC(), "principal": newPrincipalDocument(&maker),
	})
	return nil
}

// endSession ends the session, or the token, of the request.
func (h *Handler) endSession(c *gin.Context) error {
	ctx := c.Request.Context()
	p := access.Of(ctx)
	if p.Kind != access.Session && p.Kind != access.Token {
		return fault.New(fault.Invalid, "no-session", "The request was not sent with a session. DELETE /keys/{id} revokes a key.")
	}
	if err := h.Store.EndToken(ctx, p.Credential); err != nil {
		return err
	}
	edge.RequestInfoOf(ctx).Object = p.Credential
	h.Log.InfoContext(ctx, "session ended", slog.String("session", p.Credential))
	edge.NoContent(c)
	return nil
}

// endOther ends a token or a session of the tenant.
func (h *Handler) endOther(c *gin.Context) error {
	ctx := c.Request.Context()
	id := c.Param("token")
	if !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return store.TokenNotFound()
	}
	if err := h.Store.EndTokenOf(ctx, access.Of(ctx).Tenant, id); err != nil {
		return err
	}
	edge.RequestInfoOf(ctx).Object = id
	h.Log.InfoContext(ctx, "token ended", slog.String("token", id), slog.String("by", access.Of(ctx).ID))
	edge.NoContent(c)
	return nil
}
