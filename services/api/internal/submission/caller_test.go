package submission_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/longshore-io/longshore/pkg/access"
	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/collectiontest"
	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/services/api/internal/submission"
)

// principalWith returns a principal of the tenant t.
func principalWith(id, role, claims string) *access.Principal {
	p := &access.Principal{ID: id, Tenant: "t", Role: role}
	if claims != "" {
		p.Claims = json.RawMessage(claims)
	}
	return p
}

func TestHeadersDraftCaller(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		principal *access.Principal
		role      string // of the collection
		want      string // the role of the caller
		code      string // of the fault
	}{
		"no role":                  {principalWith("k", "app", ""), "", "", ""},
		"fixed role":               {principalWith("k", "", ""), "shop", "shop", ""},
		"role of the caller":       {principalWith("k", "app", ""), "claim", "app", ""},
		"principal without a role": {principalWith("k", "", ""), "claim", "", "role-missing"},
		"no principal":             {nil, "shop", "", "role-missing"},
		"role not allowed":         {principalWith("k", "postgres", ""), "claim", "", "role-not-allowed"},
		"fixed role not allowed":   {principalWith("k", "app", ""), "postgres", "", "role-not-allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
			if tt.principal != nil {
				r = r.WithContext(access.With(r.Context(), tt.principal))
			}
			headers, err := submission.Policy{Roles: []string{"app", "shop"}}.Read(r, operation.Import)
			if err != nil {
				t.Fatal(err)
			}
			draft, err := headers.Draft(operation.Import, &collection.Collection{Name: "notes", Role: tt.role}, 1)
			if draft.Caller.Role != tt.want {
				t.Errorf("role of the caller = %q, want %q", draft.Caller.Role, tt.want)
			}
			if got := fault.Of(err); (err != nil) != (tt.code != "") || err != nil && (got.Code != tt.code || got.Kind != fault.Forbidden) {
				t.Errorf("Draft() = %v, want the code %q", err, tt.code)
			}
		})
	}
}

func TestRequireReader(t *testing.T) {
	t.Parallel()
	definitions := make(map[string]string)
	for name, role := range map[string]string{"fixed": "shop", "claim": "claim"} {
		definitions[name] = `{"x-longshore":{"table":"t","key":["id"],"role":"` + role + `"},"properties":{"id":{}}}`
	}
	collections := collectiontest.New(t, definitions)
	for name, tt := range map[string]struct {
		collection string
		starter    *access.Principal
		reader     *access.Principal
		want       bool
	}{
		"no role":                 {"tools", principalWith("a", "", ""), principalWith("b", "", ""), true},
		"the same principal":      {"claim", principalWith("a", "app", `{"sub":"1"}`), principalWith("a", "app", `{"sub":"1"}`), true},
		"another role":            {"claim", principalWith("a", "app", ""), principalWith("b", "shop", ""), false},
		"no role of its own":      {"claim", principalWith("a", "app", ""), principalWith("b", "", ""), false},
		"other claims":            {"claim", principalWith("a", "app", `{"sub":"1"}`), principalWith("b", "app", `{"sub":"2"}`), false},
		"same role and claims":    {"claim", principalWith("a", "app", `{"sub":"1","iat":1}`), principalWith("b", "app", `{"sub":"1","iat":2}`), true},
		"fixed role":              {"fixed", principalWith("a", "", ""), principalWith("b", "", ""), true},
		"fixed role, more claims": {"fixed", principalWith("a", "", ""), principalWith("b", "", `{"sub":"1"}`), false},
		"collection is gone":      {"gone", principalWith("a", "shop", ""), principalWith("b", "", ""), false},
		"no principal":            {"fixed", principalWith("a", "", ""), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			op := &operation.Operation{Collection: tt.collection, Principal: tt.starter.ID}
			var err error
			if role := map[string]string{"fixed": "shop", "claim": "claim", "gone": "claim"}[tt.collection]; role != "" {
				if op.Caller, err = access.NewCaller(tt.starter, role); err != nil {
					t.Fatal(err)
				}
			}
			err = submission.RequireReader(tt.reader, collections.Catalog, op)
			if (err == nil) != tt.want || err != nil && !fault.Is(err, fault.Forbidden) {
				t.Errorf("RequireReader() = %v, want allowed: %t", err, tt.want)
			}
		})
	}
}
