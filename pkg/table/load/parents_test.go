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

// TestLoadAwaitsParents: records that are applied to the same row one after the other keep their order if one of them
// awaits its parent. Otherwise they are applied without it.
func TestLoadAwaitsParents(t *testing.T) {
	t.Parallel()
	const loose, self = `maker TEXT REFERENCES makers`, `maker TEXT REFERENCES parts (id)`
	records := []record{{1, `{"id":"a","maker":"none"}`}, {2, `{"id":"a","price":1}`}, {3, `{"id":"b","price":2}`}, {4, `{"id":"a","price":3}`}}
	refused := []string{"1:foreign-key-violation"}
	for name, tt := range map[string]struct {
		column, mode     string
		awaits           bool
		outcomes, reason []string
	}{
		"another table":             {loose, "merge", true, []string{"1:failed", "2:failed", "3:created", "4:failed"}, []string{"1:foreign-key-violation", "2:foreign-key-violation", "4:foreign-key-violation"}},
		"the table itself":          {self, "merge", true, []string{"1:failed", "2:failed", "3:created", "4:failed"}, []string{"1:foreign-key-violation", "2:foreign-key-violation", "4:foreign-key-violation"}},
		"another table, no more":    {loose, "merge", false, []string{"1:failed", "2:superseded", "3:created", "4:created"}, refused},
		"the table itself, no more": {self, "merge", false, []string{"1:failed", "2:superseded", "3:created", "4:created"}, refused},
		"the last one replaces":     {loose, "replace", true, []string{"1:superseded", "2:superseded", "3:created", "4:created"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, `CREATE TABLE makers (name TEXT PRIMARY KEY); CREATE TABLE parts (id TEXT PRIMARY KEY, price INT, `+tt.column+`)`,
				`{"x-longshore": {"table": "parts", "key": ["id"], "ordering": "none", "write": "`+tt.mode+`"},
  "properties": {"id": {"type": "string"}, "price": {"type": "integer"}, "maker": {"type": "string"}}}`)
			batch := f.table.NewBatch()
			batch.AwaitParents(tt.awaits)
			f.add(t, batch, records...)
			result, err := loadBatch(t.Context(), f.conn, batch, 1)
			if err != nil {
				t.Fatalf("Load() error: %v", err)
			}
			summarize(batch, result).want(t, tt.outcomes, tt.reason)
		})
	}
}

// TestTableDependsOnLookups: the table of a lookup is one of the parents, except of deletions, which do not wait for it.
func TestTableDependsOnLookups(t *testing.T) {
	t.Parallel()
	f := newFixture(t, `CREATE TABLE makers (no INT PRIMARY KEY, name TEXT UNIQUE); CREATE TABLE parts (id TEXT PRIMARY KEY, maker INT, import_number BIGINT, import_row INT)`,
		`{"x-longshore": {"table": "parts", "key": ["id"], "lookups": {"maker": {"table": "makers", "by": {"made_by.name": "name"}, "value": "no"}}},
  "properties": {"id": {"type": "string"}, "maker": {"type": "integer"}}}`)
	for name, tt := range map[string]struct {
		table string
		mode  collection.WriteMode
		want  bool
	}{
		"the table":                   {"makers", collection.Merge, true},
		"the table with its schema":   {"public.makers", collection.Insert, true},
		"another table":               {"shop.makers", collection.Merge, false},
		"the table, before deletions": {"makers", collection.Delete, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := f.table.DependsOn(tt.table, tt.mode); got != tt.want {
				t.Errorf("DependsOn(%q, %s) = %t, want %t", tt.table, tt.mode, got, tt.want)
			}
		})
	}
}
