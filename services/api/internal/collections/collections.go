// Package collections shows the collections, checks whether they fit their tables, and proposes collections
// for tables that exist.
package collections

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/table"
	"github.com/longshore-io/longshore/pkg/table/infer"
	"github.com/longshore-io/longshore/pkg/table/load"
	"github.com/longshore-io/longshore/services/api/internal/edge"
	"github.com/longshore-io/longshore/services/api/internal/minrate"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// Store reads the catalog of Postgres. *store.Store implements it.
type Store interface {
	InferCollection(ctx context.Context, o infer.Order) (*infer.Proposal, error)
	CheckCollection(ctx context.Context, c *collection.Collection) error
}

// Deps are the dependencies of a Handler. All are required.
type Deps struct {
	Store       Store
	Collections *collection.Catalog
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
			Summary: "Returns a collection: its file.",
		},
		{
			Method: http.MethodPost, Path: "/collections/:collection", Handler: h.check, Action: access.ReadCollections,
			Summary: "With :check behind the name, says whether a collection still fits its table, and what would have to change.",
		},
		{
			Method: http.MethodPost, Path: `/collections\:infer`, Handler: h.infer, Action: access.WriteCollections,
			Summary: "Proposes a collection for a table that exists: its columns, types and key. Stores nothing.",
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
}

func newDocument(c *collection.Collection) document {
	d := document{Name: c.Name, Table: c.Table, Key: c.Key, Ordering: c.Ordering, Verbs: c.Verbs, Members: make([]string, len(c.Properties))}
	for i, p := range c.Properties {
		d.Members[i] = p.Name
	}
	return d
}

func (h *Handler) list(c *gin.Context) error {
	names := edge.CollectionNames(c.Request.Context(), h.Collections.Names())
	documents := make([]document, len(names))
	for i, name := range names {
		found, _ := h.Collections.Get(name)
		documents[i] = newDocument(found)
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
	c.PureJSON(http.StatusOK, found.Schema)
	return nil
}

// report is the answer to a check.
type report struct {
	Name string `json:"name"`
	Fits bool   `json:"fits"`
	// Reasons say how to correct the table or the collection.
	Reasons []string `json:"reasons"`
}

func (h *Handler) check(c *gin.Context) error {
	name, _, err := edge.Action(c.Param("collection"), "check")
	if err != nil {
		return err
	}
	for i := range c.Params {
		if c.Params[i].Key == "collection" {
			c.Params[i].Value = name
		}
	}
	found, err := edge.Collection(c, h.Collections)
	if err != nil {
		return err
	}
	answer := report{Name: name, Fits: true, Reasons: []string{}}
	err = h.Store.CheckCollection(c.Request.Context(), found)
	var misfit *load.MisfitError
	switch {
	case errors.As(err, &misfit):
		answer.Fits, answer.Reasons = false, misfit.Reasons()
	case errors.Is(err, table.ErrNotFound):
		answer.Fits, answer.Reasons = false, []string{table.ErrNotFound.Error()}
	case err != nil:
		return err
	}
	c.PureJSON(http.StatusOK, answer)
	return nil
}

// order is the body of POST /collections:infer.
type order struct {
	Table string   `json:"table"`
	Name  string   `json:"name"`
	Key   []string `json:"key"`
}

// form reads the body of POST /collections:infer.
var form = submission.Form{Subject: "An order", SizeSubject: "An order", TooLargeCode: "order-too-large"}

func (h *Handler) infer(c *gin.Context) error {
	body, err := form.Read(c, h.UploadRate)
	if err != nil {
		return err
	}
	var o order
	if err := submission.Decode(body, &o); err != nil {
		return fault.New(fault.Malformed, "malformed-order", `The body must be a JSON object with table, and perhaps name and key, such as {"table":"public.books"}.`).
			Because(err)
	}
	if _, err := collection.ParseTable(o.Table); err != nil {
		return fault.New(fault.Invalid, "invalid-table", "%s.", err.Error()).With("pointer", "/table")
	}
	p, err := h.Store.InferCollection(c.Request.Context(), infer.Order{Table: o.Table, Name: o.Name, Key: o.Key})
	if err != nil {
		return explain(o.Table, err)
	}
	c.PureJSON(http.StatusOK, p)
	return nil
}

// explain returns the fault for a table that can't be imported into.
func explain(name string, err error) error {
	var ambiguous *infer.AmbiguousKeyError
	var noKey *infer.NoKeyError
	var unfit *infer.UnfitError
	switch {
	case errors.Is(err, table.ErrNotFound):
		return fault.New(fault.NotFound, "table-not-found", "There is no table %s, or the api's role in Postgres can't see it.", name)
	case errors.As(err, &ambiguous):
		return fault.New(fault.Conflict, "ambiguous-key", "%s.", sentence(ambiguous)).With("candidates", ambiguous.Candidates)
	case errors.As(err, &noKey):
		return fault.New(fault.Conflict, "no-key", "%s.", sentence(noKey))
	case errors.As(err, &unfit):
		return fault.New(fault.Conflict, "table-not-supported", "%s.", sentence(unfit))
	}
	return err
}

// sentence returns the text of an error with a capital at its start.
func sentence(err error) string {
	text := err.Error()
	if text == "" {
		return text
	}
	return string(bytes.ToUpper([]byte(text[:1]))) + text[1:]
}
