// Package collections shows the collections, stores and deletes those of tenants, checks whether they fit their
// tables, and proposes collections for tables that exist.
package collections

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/table/infer"
	"github.com/longshore-io/longshore/services/api/internal/definition"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
)

// Store reads the catalog of Postgres, and stores collections. *store.Store implements it.
type Store interface {
	definition.Store
	InferCollection(ctx context.Context, o infer.Order) (*infer.Proposal, error)
	IsTableVisible(ctx context.Context, name, role string) (bool, error)
}

// Deps are the dependencies of a Handler. All are required.
type Deps struct {
	Store       Store
	Collections *collection.Catalog
	// Refresh reads what has changed in the stored collections.
	Refresh func(context.Context) error
	// UploadRate is the minimum transfer rate of a request.
	UploadRate minrate.Limit
}

// Handler serves the routes of collections.
type Handler struct{ Deps }

// New returns a Handler, or an error that names the missing dependencies.
func New(deps Deps) (*Handler, error) {
	if err := edge.CheckDeps(deps); err != nil {
		return nil, err
	}
	return &Handler{deps}, nil
}

// Routes returns the routes of collections.
func (h *Handler) Routes() []edge.Route {
	return []edge.Route{
		{
			Method: http.MethodGet, Path: "/collections", Handler: h.list, Action: access.ReadCollections,
			Summary: "Lists the collections that you may use, with their tables and keys.",
		},
		{
			Method: http.MethodGet, Path: "/collections/:collection", Handler: h.show, Action: access.ReadCollections,
			Summary: "Returns a collection: its JSON Schema, with the version as ETag.",
		},
		{
			Method: http.MethodPut, Path: "/collections/:collection", Query: edge.Parameters{Once: []string{"check"}}, Conditional: true, Handler: h.put, Action: access.WriteCollections,
			Summary: "Stores a collection: a JSON Schema with the table and the key. Every service uses it within two seconds.",
		},
		{
			Method: http.MethodDelete, Path: "/collections/:collection", Conditional: true, Handler: h.remove, Action: access.WriteCollections,
			Summary: "Deletes a stored collection. Its table stays as it is, and accepted imports go on.",
		},
		{
			Method: http.MethodPost, Path: "/collections/:collection", Handler: h.check, Action: access.ReadCollections,
			Summary: "With :check behind the name, says whether a collection still fits its table, and what would have to change.",
		},
		{
			Method: http.MethodPost, Path: `/collections\:infer`, Handler: h.infer, Action: access.WriteCollections,
			Summary: "Proposes a collection for a table that exists: its columns, types and key. Stores it only with \"store\": true.",
		},
	}
}

// document is a collection in a list.
type document struct {
	Name     string              `json:"name"`
	Table    string              `json:"table"`
	Key      []string            `json:"key"`
	Ordering collection.Ordering `json:"ordering"`
	Verbs    []collection.Verb   `json:"verbs,omitempty"`
	Members  []string            `json:"members"`
	// Paths are those of values that lookups use: further columns of a CSV.
	Paths []string `json:"lookup_paths,omitempty"`
	// Version is absent if the collection is not stored.
	Version int64 `json:"version,omitempty"`
	// Shared reports whether all tenants use the collection. Such a collection can't be changed here.
	Shared bool `json:"shared"`
}

func (h *Handler) newDocument(c *collection.Collection, tenant string) document {
	d := document{
		Name: c.Name, Table: c.Table, Key: append([]string{}, c.Key...), Ordering: c.Ordering, Verbs: c.Verbs, Members: make([]string, len(c.Properties)),
		Paths: c.LookupPaths(), Version: c.Version, Shared: !h.Collections.Owns(tenant, c.Name),
	}
	for i, p := range c.Properties {
		d.Members[i] = p.Name
	}
	return d
}

func (h *Handler) list(c *gin.Context) error {
	ctx := c.Request.Context()
	documents := []document{}
	for _, name := range edge.CollectionNames(ctx, h.Collections) {
		if found, ok := h.Collections.Get(edge.Tenant(ctx), name); ok {
			documents = append(documents, h.newDocument(found, edge.Tenant(ctx)))
		}
	}
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, gin.H{"collections": documents})
	return nil
}

func (h *Handler) show(c *gin.Context) error {
	found, err := edge.Collection(c, h.Collections)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	setETag(c, found.Version)
	c.PureJSON(http.StatusOK, found.Schema)
	return nil
}
