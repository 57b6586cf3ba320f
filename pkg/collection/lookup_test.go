package collection_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/collection"
)

// orders is a collection with the lookups LOOKUPS.
const orders = `{"x-longshore": {"table": "orders", "key": ["id"], "lookups": LOOKUPS}, "properties": {"id": {"type": "integer"}, "customer_id": {"type": "integer"},
  "region_id": {"type": ["integer", "null"]}, "note": {}}}`

func withLookups(lookups string) []byte {
	return []byte(strings.Replace(orders, "LOOKUPS", lookups, 1))
}

func TestLookups(t *testing.T) {
	t.Parallel()
	c, err := collection.Parse("orders", withLookups(`{
  "region_id": {"table": "public.regions", "by": {"region.code": "code", "region.country": "country"}, "value": "id", "missing": "null"},
  "customer_id": {"table": "public.customers", "by": {"customer.email": "email"}, "missing": "create", "create": {"customer.name": "name", "region.code": "region"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []collection.Lookup{
		{
			Member: "customer_id", Table: "public.customers", By: []collection.Source{{Path: "customer.email", Column: "email"}},
			Missing: collection.CreateMissing, Create: []collection.Source{{Path: "customer.name", Column: "name"}, {Path: "region.code", Column: "region"}},
		},
		{
			Member: "region_id", Table: "public.regions", Value: "id", Missing: collection.NullMissing,
			By: []collection.Source{{Path: "region.code", Column: "code"}, {Path: "region.country", Column: "country"}},
		},
	}
	if diff := cmp.Diff(want, c.Lookups); diff != "" {
		t.Errorf("lookups (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"customer.email", "customer.name", "region.code", "region.country"}, c.LookupPaths()); diff != "" {
		t.Errorf("LookupPaths() (-want +got):\n%s", diff)
	}
	if _, err := c.WritingFor(collection.Writing{Unknown: "store:region_id"}); err == nil || !strings.Contains(err.Error(), "fills by a lookup") {
		t.Errorf("WritingFor(store:region_id) error = %v, want one about the lookup", err)
	}
}

func TestLookupErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ lookups, want string }{
		"no object":        {`{"customer_id": "customers"}`, "lookups.customer_id must be an object"},
		"unknown member":   {`{"customer_id": {"tabel": "customers"}}`, `unknown field "tabel"`},
		"undeclared":       {`{"client_id": {"table": "c", "by": {"c.e": "e"}}}`, "lookups.client_id: properties does not declare the member"},
		"table":            {`{"customer_id": {"table": "a b", "by": {"c.e": "e"}}}`, "lookups.customer_id: table:"},
		"no table":         {`{"customer_id": {"by": {"c.e": "e"}}}`, "lookups.customer_id: table:"},
		"no key":           {`{"customer_id": {"table": "c"}}`, "by must name the natural key"},
		"missing":          {`{"customer_id": {"table": "c", "by": {"c.e": "e"}, "missing": "skip"}}`, `missing must be reject, null or create, not "skip"`},
		"null":             {`{"customer_id": {"table": "c", "by": {"c.e": "e"}, "missing": "null"}}`, `add "null" to its type`},
		"null in the key":  {`{"id": {"table": "c", "by": {"c.e": "e"}, "missing": "null"}}`, "belongs to the key"},
		"create for none":  {`{"customer_id": {"table": "c", "by": {"c.e": "e"}, "create": {"c.n": "n"}}}`, `create needs "missing": "create"`},
		"column twice":     {`{"customer_id": {"table": "c", "by": {"c.e": "e"}, "missing": "create", "create": {"c.n": "e"}}}`, `the column "e" gets two values`},
		"no column":        {`{"customer_id": {"table": "c", "by": {"c.e": ""}}}`, `the path "c.e" needs the name of a column`},
		"empty name":       {`{"customer_id": {"table": "c", "by": {"c.": "e"}}}`, `the path "c." is not one`},
		"value and object": {`{"customer_id": {"table": "c", "by": {"c": "e", "c.n": "n"}}}`, `the paths "c" and "c.n"`},
		"itself":           {`{"customer_id": {"table": "c", "by": {"customer_id": "e"}}}`, `leads to the member "customer_id"`},
		"within another":   {`{"customer_id": {"table": "c", "by": {"region_id.e": "e"}}, "region_id": {"table": "c", "by": {"c.e": "e"}}}`, `leads to the member "region_id"`},
	} {
		_, err := collection.Parse("orders", withLookups(tt.lookups))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Parse() of %s error = %v, want one that contains %q", name, err, tt.want)
		}
	}
}
