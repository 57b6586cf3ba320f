// Package keys makes, lists and revokes API keys, for clients and for the command line.
package keys

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Store stores keys. *store.Store implements it.
type Store interface {
	CreateKey(ctx context.Context, k store.Key) error
	KeysOf(ctx context.Context, tenant string) ([]store.Key, error)
	RevokeKey(ctx context.Context, tenant, id string) (store.Key, error)
	CancelOf(ctx context.Context, principal string) (int, error)
}

// Deps are the dependencies of a Handler. All are required.
type Deps struct {
	Store Store
	Log   *slog.Logger
	// UploadRate is the minimum transfer rate of a request.
	UploadRate minrate.Limit
}

// Handler serves the routes of keys.
type Handler struct{ Deps }

// New returns a Handler, or an error that names the missing dependencies.
func New(deps Deps) (*Handler, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Handler{deps}, nil
}

// Routes returns the routes of keys.
func (h *Handler) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodPost, Path: "/keys", Handler: h.create, Action: access.WriteKeys,
			Summary: "Makes an API key of a bundle (viewer, importer, operator, admin) or of actions, and shows it once.",
		},
		{
			Method: http.MethodGet, Path: "/keys", Handler: h.list, Action: access.WriteKeys,
			Summary: "Lists the API keys of the tenant, without their secrets.",
		},
		{
			Method: http.MethodDelete, Path: "/keys/:key", Query: edge.Parameters{Once: []string{"cancel"}}, Conditional: true, Handler: h.revoke, Action: access.WriteKeys,
			Summary: "Revokes an API key; within a second no replica accepts it, and its open requests end. ?cancel=true also cancels what it has started.",
		},
	}
}

// document is a key as clients see it.
type document struct {
	ID          string          `json:"id"`
	Key         string          `json:"key,omitempty"` // only when it is made
	Tenant      string          `json:"tenant"`
	Name        string          `json:"name"`
	Actions     []string        `json:"actions"`
	Collections []string        `json:"collections"`
	Role        string          `json:"role,omitempty"`
	Claims      json.RawMessage `json:"claims,omitempty"`
	Limits      json.RawMessage `json:"limits,omitempty"`
	CreatedAt   *time.Time      `json:"created_at,omitempty"`
	CreatedBy   string          `json:"created_by"`
	ExpiresAt   *time.Time      `json:"expires_at,omitempty"`
	RevokedAt   *time.Time      `json:"revoked_at,omitempty"`
	LastUsedAt  *time.Time      `json:"last_used_at,omitempty"`
}

func newDocument(k store.Key) document {
	return document{
		ID: k.ID, Tenant: k.Tenant, Name: k.Name, Actions: k.Actions, Collections: k.Collections, Role: k.Role, Claims: k.Claims, Limits: k.Limits,
		CreatedAt: given(k.CreatedAt), CreatedBy: k.CreatedBy, ExpiresAt: given(k.ExpiresAt), RevokedAt: given(k.RevokedAt),
		LastUsedAt: given(k.LastUsedAt),
	}
}

func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

// form reads the body of POST /keys.
var form = submission.Form{Subject: "A key", SizeSubject: "A key", TooLargeCode: "key-too-large"}

func (h *Handler) create(c *gin.Context) error {
	body, err := form.Read(c, h.UploadRate)
	if err != nil {
		return err
	}
	var order Order
	if err := submission.Decode(body, &order); err != nil {
		return fault.New(fault.Malformed, "malformed-key",
			"The body must be a JSON object with bundle or actions, and perhaps name, collections, role, claims, limits, expires_in.").Because(err)
	}
	ctx := c.Request.Context()
	secret, key, err := order.Make(access.Of(ctx))
	if err != nil {
		return err
	}
	if err := h.Store.CreateKey(ctx, key); err != nil {
		return err
	}
	edge.RequestInfoOf(ctx).Object = key.ID
	h.Log.InfoContext(ctx, "key made", slog.String("key", key.ID), slog.String("by", key.CreatedBy))
	made := newDocument(key)
	made.Key = secret.Reveal()
	c.PureJSON(http.StatusCreated, made)
	return nil
}

func (h *Handler) list(c *gin.Context) error {
	ctx := c.Request.Context()
	found, err := h.Store.KeysOf(ctx, access.Of(ctx).Tenant)
	if err != nil {
		return err
	}
	documents := make([]document, len(found))
	for i, k := range found {
		documents[i] = newDocument(k)
	}
	c.PureJSON(http.StatusOK, gin.H{"keys": documents})
	return nil
}

// revoke revokes a key. With ?cancel=true it then cancels the unfinished operations that were started with
// the key, which the sessions and tokens of the key have started too.
func (h *Handler) revoke(c *gin.Context) error {
	ctx := c.Request.Context()
	cancels, err := cancelParameter(c.Request.URL.Query())
	if err != nil {
		return err
	}
	if cancels {
		if err := errors.Join(access.Require(ctx, access.CancelOperations), access.RequireCollection(ctx, "*")); err != nil {
			return err
		}
	}
	id := c.Param("key")
	if !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return store.KeyNotFound()
	}
	key, err := h.Store.RevokeKey(ctx, access.Of(ctx).Tenant, id)
	if err != nil {
		return err
	}
	edge.RequestInfoOf(ctx).Object = key.ID
	h.Log.InfoContext(ctx, "key revoked", slog.String("key", key.ID), slog.String("by", access.Of(ctx).ID))
	if !cancels {
		edge.NoContent(c)
		return nil
	}
	cancelled, err := h.Store.CancelOf(ctx, key.ID)
	if err != nil {
		return err
	}
	c.PureJSON(http.StatusOK, gin.H{"id": key.ID, "cancelled_operations": cancelled})
	return nil
}

// cancelParameter reads the parameter of DELETE /keys/{id}.
func cancelParameter(query url.Values) (cancels bool, err error) {
	switch query.Get("cancel") {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	if query.Has("cancel") {
		return false, fault.New(fault.Malformed, "invalid-parameter", "cancel must be true or false.").With("parameter", "cancel")
	}
	return false, nil
}
