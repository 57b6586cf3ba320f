package load_test

import (
	"testing"

	"github.com/longshore-io/longshore/pkg/collection"
)

// TestTableDependsOn: the parents' tables are found by name, in any schema, behind views and around partitions, and for
// deletions those of the children.
func TestTableDependsOn(t *testing.T) {
	t.Parallel()
	const tables = `
CREATE TABLE makers (name TEXT PRIMARY KEY);
CREATE VIEW all_makers AS SELECT * FROM makers;
CREATE VIEW "Old Makers" AS SELECT * FROM all_makers WHERE name < 'n';
CREATE SCHEMA shop;
CREATE TABLE shop.days (day INT PRIMARY KEY) PARTITION BY RANGE (day);
CREATE TABLE shop.january PARTITION OF shop.days FOR VALUES FROM (1) TO (32);
CREATE TABLE parts (id TEXT PRIMARY KEY, maker TEXT REFERENCES makers, whole TEXT REFERENCES parts, day INT REFERENCES shop.january,
  import_number BIGINT, import_row INT);
CREATE TABLE screws (id TEXT PRIMARY KEY REFERENCES parts);
CREATE TABLE days (day INT PRIMARY KEY);
CREATE VIEW some_parts AS SELECT * FROM parts`
	schema := func(from string) string {
		return `{"x-longshore": {"table": "` + from + `", "key": ["id"]}, "properties": {"id": {"type": "string"}, "maker": {"type": "string"}}}`
	}
	f := newFixture(t, tables, schema("parts"))
	view := &fixture{url: f.url, conn: f.conn, collection: parse(t, schema("some_parts"))}
	view.describe(t)
	for name, tt := range map[string]struct {
		table  string
		create bool // whether records that create rows depend on it
		remove bool // whether deletions do
	}{
		"a parent":                     {"makers", true, false},
		"a parent with its schema":     {"public.makers", true, false},
		"a table of another schema":    {"shop.makers", false, false},
		"a view over a parent":         {"public.all_makers", true, false},
		"a view over a view":           {`public."Old Makers"`, true, false},
		"a partition":                  {"shop.january", true, false},
		"the table of the partition":   {"shop.days", true, false},
		"the same name in a schema":    {"public.days", false, false},
		"a name without a schema":      {"days", true, false},
		"the table itself":             {"parts", true, true},
		"a view over the table itself": {"some_parts", true, true},
		"a child":                      {"screws", false, true},
		"a table that is not there":    {"nuts", false, false},
		"a name with a dot":            {`public."makers.makers"`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for from, f := range map[string]*fixture{"the table": f, "the view": view} {
				if got := f.table.DependsOn(tt.table, collection.Replace); got != tt.create {
					t.Errorf("%s: DependsOn(%q, replace) = %t, want %t", from, tt.table, got, tt.create)
				}
				if got := f.table.DependsOn(tt.table, collection.Delete); got != tt.remove {
					t.Errorf("%s: DependsOn(%q, delete) = %t, want %t", from, tt.table, got, tt.remove)
				}
			}
		})
	}
}
