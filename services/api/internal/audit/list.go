package audit

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
	"github.com/longshore-io/longshore/services/api/internal/edge"
)

// The sizes of a page.
const (
	defaultPageSize = 100
	maxPageSize     = 1000
)

// Log serves the route of the audit log.
type Log struct {
	store     Store
	addresses edge.Addresses
}

// NewLog returns a Log.
func NewLog(s Store, addresses edge.Addresses) *Log { return &Log{s, addresses} }

// Routes returns the route of the audit log.
func (l *Log) Routes() []edge.Route {
	return []edge.Route{{
		Method: http.MethodGet, Path: "/audit", Query: edge.Parameters{Once: slices.Sorted(maps.Keys(parameters))}, Handler: l.list, Action: access.ReadAudit, Audited: true,
		Summary: "Lists who did what in the tenant, the latest first: from, to, principal, action, object, limit.",
	}}
}

// document is an entry as clients see it.
type document struct {
	ID         int64     `json:"id"`
	At         time.Time `json:"at"`
	Principal  principal `json:"principal"`
	Action     string    `json:"action"`
	Method     string    `json:"method"`
	Route      string    `json:"route"`
	Object     string    `json:"object,omitempty"`
	Collection string    `json:"collection,omitempty"`
	Status     int       `json:"status"`
	Client     string    `json:"client"`
	RequestID  string    `json:"request_id"`
}

type principal struct {
	Kind       access.Kind `json:"kind"`
	ID         string      `json:"id"`
	Credential string      `json:"credential,omitempty"`
}

func (l *Log) list(c *gin.Context) error {
	query := c.Request.URL.Query()
	filter, err := readFilter(query)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := access.RequireCollection(ctx, "*"); err != nil { // the log is about all collections
		return err
	}
	limit := filter.Limit
	filter.Limit++
	found, err := l.store.Audit(ctx, access.Of(ctx).Tenant, filter)
	if err != nil {
		return err
	}
	answer := gin.H{}
	if len(found) > limit {
		found = found[:limit]
		query.Set("cursor", strconv.FormatInt(found[limit-1].ID, 10))
		answer["next_link"] = l.addresses.Absolute(c.Request, "/audit?"+query.Encode())
	}
	entries := make([]document, len(found))
	for i, e := range found {
		entries[i] = document{
			ID: e.ID, At: e.At.UTC(), Principal: principal{e.PrincipalKind, e.Principal, e.Credential}, Action: e.Action, Method: e.Method, Route: e.Route,
			Object: e.Object, Collection: e.Collection, Status: e.Status, Client: e.Client, RequestID: e.RequestID,
		}
	}
	answer["entries"] = entries
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, answer)
	return nil
}

// parameters are the parameters of the list. Each reader returns what the value must be; "" if it is that.
var parameters = map[string]func(f *store.AuditFilter, value string) (must string){
	"from": func(f *store.AuditFilter, value string) string { return readTime(&f.From, value) },
	"to":   func(f *store.AuditFilter, value string) string { return readTime(&f.To, value) },
	"principal": func(f *store.AuditFilter, value string) string {
		return readText(&f.Principal, value)
	},
	"action": func(f *store.AuditFilter, value string) string { return readText(&f.Action, value) },
	"object": func(f *store.AuditFilter, value string) string { return readText(&f.Object, value) },
	"limit": func(f *store.AuditFilter, value string) string {
		n, err := strconv.Atoi(value)
		f.Limit = n
		if err != nil || n < 1 || n > maxPageSize {
			return "be a number from 1 to 1000."
		}
		return ""
	},
	"cursor": func(f *store.AuditFilter, value string) string {
		n, err := strconv.ParseInt(value, 10, 64)
		f.Before = n
		if err != nil || n < 1 {
			return "come from a next_link."
		}
		return ""
	},
}

func readFilter(query url.Values) (store.AuditFilter, error) {
	f := store.AuditFilter{Limit: defaultPageSize}
	for name, values := range query {
		read, ok := parameters[name]
		if !ok { // a parameter that clients add to every request
			continue
		}
		if must := read(&f, values[0]); must != "" {
			return f, invalid(name, "must "+must)
		}
	}
	return f, nil
}

func readTime(to *time.Time, value string) string {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return "be a time such as 2026-01-31T12:30:00Z."
	}
	*to = at
	return ""
}

func readText(to *string, value string) string {
	*to = value
	if value == "" || !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "be a text."
	}
	return ""
}

func invalid(name, why string) error {
	return fault.New(fault.Malformed, "invalid-parameter", "%s %s", name, why).With("parameter", name)
}
