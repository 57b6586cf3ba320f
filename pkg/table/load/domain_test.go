package load_test

import (
	"fmt"
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
	"github.com/longshore-io/longshore/pkg/storetest"
)

// TestLoadUndeclaredDomain imports twice into a table that has a column, which records can't set, of a domain that refuses NULL.
func TestLoadUndeclaredDomain(t *testing.T) {
	t.Parallel()
	url := storetest.NewDatabase(t)
	for name, tables := range map[string]string{
		"check":          "CREATE DOMAIN code AS TEXT CHECK (VALUE IS NOT NULL); CREATE TABLE coded (id TEXT PRIMARY KEY, n INT CHECK (n > 0), code code DEFAULT 'x'",
		"NOT NULL":       "CREATE DOMAIN code AS TEXT NOT NULL; CREATE TABLE coded (id TEXT PRIMARY KEY, n INT CHECK (n > 0), code code DEFAULT 'x'",
		"domain default": "CREATE DOMAIN code AS TEXT DEFAULT 'x' NOT NULL; CREATE TABLE coded (id TEXT PRIMARY KEY, n INT CHECK (n > 0), code code",
		"number":         "CREATE DOMAIN code AS NUMERIC(5,2) CHECK (VALUE IS NOT NULL); CREATE TABLE coded (id TEXT PRIMARY KEY, n INT CHECK (n > 0), code code DEFAULT 7",
		"column":         "CREATE DOMAIN code AS TEXT; CREATE TABLE coded (id TEXT PRIMARY KEY, n INT CHECK (n > 0), code code NOT NULL DEFAULT 'x'",
	} {
		for _, mode := range []collection.WriteMode{collection.Replace, collection.Merge} {
			t.Run(fmt.Sprint(name, "/", mode), func(t *testing.T) {
				t.Parallel()
				f := newSharedFixture(t, url, tables+", import_number BIGINT, import_row INT)", `{"x-longshore": {"table": "coded", "key": ["id"]}, "properties": {"id": {}, "n": {}}}`)
				w := collection.Writing{Mode: mode}
				f.loadAs(t, w, 1, record{1, `{"id":"a","n":1}`}).want(t, []string{"1:created"}, nil)
				f.loadAs(t, w, 2, record{1, `{"id":"a","n":2}`}, record{2, `{"id":"b","n":2}`}, record{3, `{"id":"c","n":0}`}, record{4, `{"id":"d"}`}).
					want(t, []string{"1:updated", "2:created", "3:failed", "4:created"}, []string{"3:check-violation"})
				f.wantRows(t, "SELECT id, n, code::text IN ('x', '7.00') FROM coded ORDER BY id", "(a,2,t)", "(b,2,t)", "(d,,t)")
			})
		}
	}
}
