package ingest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-io/longshore/pkg/operation"
	"github.com/longshore-io/longshore/pkg/store"
)

// TestProcessAwaitsLookupsOfOwnImport: a record may stand before the one that its natural key names, in the same chunk or an
// earlier one.
func TestProcessAwaitsLookupsOfOwnImport(t *testing.T) {
	t.Parallel()
	for _, ordering := range []string{"columns", "ledger", "none"} {
		t.Run(ordering, func(t *testing.T) {
			t.Parallel()
			f := newFixtureOf(t, `CREATE TABLE nodes (id INT GENERATED ALWAYS AS IDENTITY, name TEXT PRIMARY KEY, parent_id INT, import_number BIGINT, import_row INT);
CREATE UNIQUE INDEX ON nodes (id)`,
				map[string]string{"nodes": `{"x-longshore": {"table": "nodes", "key": ["name"], "ordering": "` + ordering + `", "lookups": {
    "parent_id": {"table": "nodes", "by": {"parent": "name"}, "value": "id"}}}, "required": ["name"],
  "properties": {"name": {"type": "string"}, "parent_id": {"type": ["integer", "null"]}}}`}, store.Options{}, 2)
			op := accept(t, f.db, store.Draft{Collection: "nodes", Lanes: 2, Ledger: ordering != "none"}, 2, slices.Values([]string{
				`{"name":"d","parent":"c"}`, `{"name":"c","parent":"b"}`, `{"name":"b","parent":"a"}`, `{"name":"a"}`, `{"name":"x","parent":"missing"}`,
			}))
			f.finish(t, op)
			f.want(t, op, operation.Succeeded, operation.Counts{Total: 5, Created: 4, Failed: 1})
			if diff := cmp.Diff([]string{`5 {"name":"x","parent":"missing"} lookup-missing`}, f.rejected(t, op)); diff != "" {
				t.Errorf("rejected rows (-want +got):\n%s", diff)
			}
			f.wantRows(t, `SELECT concat_ws(' ', n.name, p.name) FROM nodes n LEFT JOIN nodes p ON p.id = n.parent_id ORDER BY 1`, "a", "b a", "c b", "d c")
		})
	}
}

// TestProcessAwaitsLookupsOfEarlierImport: a record whose natural key an earlier import may bring waits for it. Records with the same key
// behind it keep their place.
func TestProcessAwaitsLookupsOfEarlierImport(t *testing.T) {
	t.Parallel()
	const customersFile = `{"x-longshore": {"table": "customers", "key": ["email"], "ordering": "none"}, "required": ["email"], "properties": {"email": {"type": "string"}}}`
	for write, tt := range map[string]struct {
		behind   string
		first    operation.Counts
		end      operation.Counts
		order    string
		rejected []string
	}{
		"replace": {
			`{"no":1,"customer.email":"ann@x.org","note":"last"}`,
			operation.Counts{Total: 4, Created: 2, Superseded: 1},
			operation.Counts{Total: 4, Created: 2, Superseded: 1, Failed: 1},
			"1 ann@x.org last", nil,
		},
		"merge": {
			`{"no":1,"note":"last"}`,
			operation.Counts{Total: 4, Created: 1},
			operation.Counts{Total: 4, Created: 2, Superseded: 1, Failed: 1},
			"1 eve@x.org last", nil,
		},
		"insert": {
			`{"no":1,"customer.email":"ann@x.org","note":"last"}`,
			operation.Counts{Total: 4, Created: 1},
			operation.Counts{Total: 4, Created: 2, Failed: 2},
			"1 eve@x.org first",
			[]string{`2 {"no":1,"customer.email":"ann@x.org","note":"last"} already-exists`},
		},
	} {
		for _, ordering := range []string{"columns", "ledger", "none"} {
			t.Run(write+" "+ordering, func(t *testing.T) {
				t.Parallel()
				file := strings.Replace(shopFile(write, orMissing), `"ordering": "none"`, `"ordering": "`+ordering+`"`, 1)
				f := newFixtureOf(t, shopTables+`; ALTER TABLE orders ADD import_number BIGINT, ADD import_row INT`,
					map[string]string{"orders": file, "customers": customersFile}, store.Options{}, 2)
				customers := accept(t, f.db, store.Draft{Collection: "customers", Lanes: 1}, 2, slices.Values([]string{`{"email":"eve@x.org"}`}))
				orders := accept(t, f.db, store.Draft{Collection: "orders", Lanes: 1, Ledger: ordering != "none"}, 4, slices.Values([]string{
					`{"no":1,"customer.email":"eve@x.org","note":"first"}`, tt.behind, `{"no":2,"customer.email":"bob@x.org"}`, `{"no":3,"customer.email":"dan@x.org"}`,
				}))
				f.mustProcess(t, orders, 0)
				f.want(t, orders, operation.Running, tt.first)
				f.mustProcess(t, orders, 0)
				f.mustAwait(t, orders, 0)
				f.mustProcess(t, customers, 0)
				f.finish(t, orders)
				f.want(t, orders, operation.Succeeded, tt.end)
				if diff := cmp.Diff(append(tt.rejected, `4 {"no":3,"customer.email":"dan@x.org"} lookup-missing`), f.rejected(t, orders)); diff != "" {
					t.Errorf("rejected rows (-want +got):\n%s", diff)
				}
				f.wantRows(t, `SELECT concat_ws(' ', no, email, note) FROM orders JOIN customers ON id = customer_id ORDER BY 1`, tt.order, "2 bob@x.org")
			})
		}
	}
}

// TestProcessDeletesWithoutWaiting: a record that deletes a row whose natural key names no row does not wait.
func TestProcessDeletesWithoutWaiting(t *testing.T) {
	t.Parallel()
	f := newFixtureOf(t, shopTables+`; CREATE TABLE carts (customer_id INT PRIMARY KEY)`,
		map[string]string{"carts": `{"x-longshore": {"table": "carts", "key": ["customer_id"], "ordering": "none", "write": "delete", "lookups": {
    "customer_id": {"table": "customers", "by": {"email": "email"}, "value": "id"}}}, "properties": {"customer_id": {"type": "integer"}}}`}, store.Options{}, 2)
	op := accept(t, f.db, store.Draft{Collection: "carts", Lanes: 1}, 2, slices.Values([]string{`{"email":"eve@x.org"}`}))
	f.mustProcess(t, op, 0)
	f.want(t, op, operation.Succeeded, operation.Counts{Total: 1, Failed: 1})
}
